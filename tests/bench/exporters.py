#!/usr/bin/python3
"""Measures pgvigil beside Debian's postgres_exporter: one server, one run, scrapes in turn, and prints the ratios.

usage: tests/bench/exporters.py [--scrapes 1000] [--seconds 60] [--scale 10] [--check]

  --scrapes N   scrapes of each, in turn
  --seconds N   length of the window in which CPU and database time are measured, each scraped every 15 s
  --scale N     scale of pgbench's tables; a light load runs on them
  --check       exit 1 when a target is missed

PGVIGIL names the binary (default build/release/agent/pgvigil), POSTGRES_EXPORTER another exporter than Debian's. Database time is what pg_stat_statements counts for the
role of each. Figures of two runs on a shared machine differ by some 20 %: compare within one run only.
"""

import sys
import time

from measure import SETTINGS, Contender, database_time, keeping, measure_scrapes, measure_window, memory, \
    print_table, print_targets, start_exporter
from options import Options
from support.agent import Agent
from support.cluster import Cluster, PASSWORD
from workload import Load, create_roles


def statements_in_burst(cluster, agent, role, scrapes=500):
    """Statements of the role that a burst of scrapes causes, beyond those that the timers run in the same time."""
    start = time.monotonic()
    before = database_time(cluster, role)[1]
    for _ in range(scrapes):
        agent.scrape()
    taken = time.monotonic() - start
    during = database_time(cluster, role)[1] - before
    before = database_time(cluster, role)[1]
    time.sleep(taken)
    return during, database_time(cluster, role)[1] - before, taken


def report(ours, theirs, spent, burst, resident):
    rows = [("", ours.name, theirs.name, "ratio")]

    def add(what, a, b, form="{:.2f}"):
        rows.append((what, form.format(a), form.format(b), f"{b / a:.1f}x" if a else "-"))

    add("scrape median, ms", ours.median() * 1e3, theirs.median() * 1e3)
    add("scrape p99, ms", ours.p99() * 1e3, theirs.p99() * 1e3)
    add("series", ours.series, theirs.series, "{:d}")
    add("bytes sent (gzip)", ours.bytes, theirs.bytes, "{:d}")
    add("resident MB after the scrapes", resident[ours.name][0], resident[theirs.name][0], "{:.1f}")
    add("proportional MB after the scrapes", resident[ours.name][1], resident[theirs.name][1], "{:.1f}")
    add("CPU ms a minute", spent[ours.name][0] * 1e3, spent[theirs.name][0] * 1e3, "{:.0f}")
    add("database ms a minute", spent[ours.name][1], spent[theirs.name][1], "{:.0f}")
    add("statements a minute", spent[ours.name][2], spent[theirs.name][2], "{:.0f}")
    print_table(rows)
    print(f"\n500 scrapes in {burst[2]:.1f} s: {burst[0]} statements of ours meanwhile; {burst[1]} in as long without a scrape")


def targets(ours, theirs, resident):
    """Each target of the project with whether it is met."""
    median = ours.median()
    ratio = theirs.median() / median
    return [(f"scrape median {median * 1e3:.2f} ms, under 1 ms", median < 0.001),
            (f"{ratio:.0f} times faster than postgres_exporter, at least 20", ratio >= 20),
            # It also evaluates rules and delivers notifications; 5 MB of it are its own, the rest pages of libraries.
            (f"resident {resident[ours.name][0]:.1f} MB, at most 30", resident[ours.name][0] <= 30)]


def main():
    parser = Options(__doc__)
    parser.add_argument("--scrapes", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--check", action="store_true")
    choices = parser.parse_args()

    with keeping() as keep:
        cluster = keep(Cluster(15, settings=SETTINGS))
        create_roles(cluster)
        keep(Load(cluster, choices.scale))
        agent = keep(Agent(f'[server]\ndsn = "{cluster.dsn()}"\n'))
        exporter = keep(start_exporter(cluster.uri(user="exporter", password=PASSWORD)))
        ours = Contender("pgvigil", agent.pid, agent.port, "pgvigil")
        theirs = Contender("postgres_exporter", exporter.pid, exporter.port, "exporter")
        measure_scrapes([ours, theirs], choices.scrapes)
        resident = {c.name: memory(c.pid) for c in (ours, theirs)}
        spent = measure_window(cluster, [ours, theirs], choices.seconds)
        burst = statements_in_burst(cluster, ours, "pgvigil")
        report(ours, theirs, spent, burst, resident)
        print()
        met = print_targets(targets(ours, theirs, resident))
        return 0 if met or not choices.check else 1


if __name__ == "__main__":
    sys.exit(main())
