#!/usr/bin/python3
"""Measures pgvigil beside postgres_exporter on a server with many tables, or many databases; prints the ratios.

usage: tests/bench/scale.py tables N [--scrapes 100] [--seconds 60] [--alone] [--check]
       tests/bench/scale.py databases N [--tables 100] [...]

  tables N      one database with N tables of three indexes each
  databases N   N databases, each with --tables tables, all of them discovered
  --scrapes N   scrapes of each, in turn
  --seconds N   length of the window in which CPU and database time are measured, each scraped every 15 s
  --alone       without the exporter, which takes seconds a scrape at 10,000 tables
  --check       exit 1 when a target is missed

Two configurations of pgvigil are measured, one after the other: as it comes, and, beside an exporter, with the collectors
only that give its series, as fresh as there: every 15 s, but for exact sizes, which pgvigil never reads on a fast timer.
PGVIGIL names the binary (default build/release/agent/pgvigil), POSTGRES_EXPORTER another exporter than Debian's (Debian
13 has 0.17). Making 100,000 tables takes minutes and 5 GB in TMPDIR. Figures of two runs on a shared machine differ by
some 20 %: compare within one run only.
"""

import subprocess
import sys
import time

from measure import SETTINGS, Contender, exporter_program, keeping, measure_scrapes, measure_window, memory, \
    print_table, print_targets, start_exporter
from options import Options
from support.agent import Agent, command
from support.cluster import Cluster, PASSWORD
from workload import create_databases, create_roles, create_tables

# All that is collected of tables and indexes, sizes included: what the targets call their collection.
RELATIONS = ("stat_user_tables", "statio_user_tables", "table_size", "tables", "table_vacuum", "table_wraparound",
             "indexes", "relations", "invalid_indexes", "invalid_constraints", "foreign_keys", "sequences")
EXACT_SIZES = ("table_size", "database_size")

# The file of queries that goes with 0.11, whose scrape has no tables: the names are those of its own sample.
QUERIES = """
pg_stat_user_tables:
  query: "SELECT current_database() datname, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count FROM pg_stat_user_tables"
  metrics:
%s
pg_statio_user_tables:
  query: "SELECT current_database() datname, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit FROM pg_statio_user_tables"
  metrics:
%s
"""


def queries_file():
    def metrics(labels, columns):
        return "\n".join([f'    - {name}: {{usage: "LABEL", description: "-"}}' for name in labels] +
                         [f'    - {name}: {{usage: "COUNTER", description: "-"}}' for name in columns])
    labels = ("datname", "schemaname", "relname")
    tables = ("seq_scan seq_tup_read idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd n_live_tup "
              "n_dead_tup n_mod_since_analyze vacuum_count autovacuum_count analyze_count autoanalyze_count").split()
    blocks = ("heap_blks_read heap_blks_hit idx_blks_read idx_blks_hit toast_blks_read toast_blks_hit tidx_blks_read "
              "tidx_blks_hit").split()
    return QUERIES % (metrics(labels, tables), metrics(labels, blocks))


def exporter_has_tables():
    """From 0.13 on the exporter collects tables by itself."""
    words = [exporter_program(), "--version"]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    version = (told.stdout + told.stderr).split("version ")[1].split()[0]
    return tuple(int(part) for part in version.split(".")[:2]) >= (0, 13)


def exporter_of(cluster, many_databases):
    """Its own collectors of tables look into one database only: for many it takes the file of queries."""
    has_tables = exporter_has_tables()
    options = ["--auto-discover-databases"] if many_databases else []
    if many_databases and has_tables:
        options += ["--no-collector.stat_user_tables", "--no-collector.statio_user_tables"]
    queries = queries_file() if many_databases or not has_tables else None
    return start_exporter(cluster.uri(user="exporter", password=PASSWORD), queries, options)


def configuration(cluster, many_databases, more=""):
    databases = 'databases = ["*"]' if many_databases else ""
    return f'[server]\ndsn = "{cluster.dsn()}"\n{databases}\n{more}\n'


def same_series(cluster, many_databases, agent, exporters):
    """A configuration with those collectors only that give one of the names `exporters`."""
    sections = []
    for name in [one["name"] for one in agent.status()["collectors"]]:
        if exporters.isdisjoint(agent.scrape(collect=(name,))):
            sections.append(f"[collector.{name}]\nenabled = false")
        elif name not in EXACT_SIZES:
            sections.append(f'[collector.{name}]\nevery = "15s"')
    return configuration(cluster, many_databases, "\n".join(sections))


def names_of(exporter):
    """The metrics of the server that the exporter shows."""
    lines = exporter.get("/metrics").splitlines()
    return {line.split()[2] for line in lines if line.startswith("# TYPE pg_")}


def wait_all_collected(agent, seconds):
    """Every collector has run to its end once; a large first round takes its time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if agent.get("/readyz").status == 200:
            return
        time.sleep(0.2)
    raise SystemExit("pgvigil was not ready in time:\n" + agent.log())


class Result:
    """What one configuration of pgvigil costs."""

    def __init__(self, name, agent, cluster, choices, rivals):
        self.contender = Contender(name, agent.pid, agent.port, "pgvigil")
        measure_scrapes([self.contender, *rivals], choices.scrapes)
        families = agent.scrape()
        self.seconds = {dict(labels)["collector"]: value
                        for (_, labels), value in families["pgvigil_collector_database_seconds_total"].samples.items()}
        runs = {dict(labels)["collector"]: value
                for (_, labels), value in families["pgvigil_collector_runs_total"].samples.items()}
        self.seconds = {collector: spent / max(1, runs[collector]) for collector, spent in self.seconds.items()}
        failures = families.get("pgvigil_collector_failures_total")
        self.failed = sorted({dict(labels)["collector"] for (_, labels), value in failures.samples.items() if value}
                             if failures else ())
        self.relations = sum(self.seconds.get(name, 0) for name in RELATIONS)
        self.spent = measure_window(cluster, [self.contender, *rivals], choices.seconds)
        self.memory = memory(agent.pid)

    def slowest(self):
        return sorted(self.seconds.items(), key=lambda item: -item[1])[:8]


def column(contender, spent, sizes):
    return [f"{contender.median() * 1e3:.2f}", f"{contender.p99() * 1e3:.2f}", f"{contender.series}",
            f"{contender.plain_bytes}", f"{contender.bytes}", f"{sizes[0]:.1f}", f"{sizes[2]:.1f}",
            f"{spent[0] * 1e3:.0f}", f"{spent[1]:.0f}", f"{spent[2]:.0f}", f"{spent[3]:.0f}"]


ROWS = ["scrape median, ms", "scrape p99, ms", "series", "bytes", "bytes sent (gzip)", "resident MB", "peak resident MB",
        "CPU ms a minute", "database ms a minute", "statements a minute", "temporary blocks a minute"]


def report(results, rival, rival_spent, rival_memory):
    columns = [column(r.contender, r.spent[r.contender.name], r.memory) for r in results]
    heads = [r.contender.name for r in results]
    if rival:
        columns.append(column(rival, rival_spent, rival_memory))
        heads.append(rival.name)
    print_table([["", *heads], *[[row, *[one[i] for one in columns]] for i, row in enumerate(ROWS)]])
    for result in results:
        print(f"\n{result.contender.name}: database seconds of one collection: {sum(result.seconds.values()):.2f} in all, "
              f"{result.relations:.2f} tables and indexes; failed: {', '.join(result.failed) or 'none'}")
        print("  " + ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in result.slowest()))


def targets(choices, default, same, rival_spent):
    """Each target of the project for this size with whether it is met."""
    found = [(f"failed collectors: {', '.join(default.failed) or 'none'}", not default.failed),
             (f"temporary blocks written: {default.spent['pgvigil'][3]:.0f} a minute, none", default.spent["pgvigil"][3] == 0)]
    limits = {10_000: (1.0, 40, 0.020), 100_000: (None, 200, 0.200)}.get(choices.count if choices.what == "tables" else 0)
    if limits:
        seconds, megabytes, scrape = limits
        if seconds:
            found.append((f"tables and indexes in {default.relations:.2f} s of the database, under {seconds:.0f}",
                          default.relations < seconds))
        found += [(f"resident {default.memory[0]:.1f} MB, under {megabytes}", default.memory[0] < megabytes),
                  (f"scrape median {default.contender.median() * 1e3:.1f} ms, under {scrape * 1e3:.0f}",
                   default.contender.median() < scrape)]
    if rival_spent:
        ratio = same.spent[same.contender.name][1] / max(rival_spent[1], 1e-9)
        found.append((f"{ratio:.2f} of postgres_exporter's database time for its series, at most a third", ratio <= 1 / 3))
    return found


def arguments():
    parser = Options(__doc__)
    parser.add_argument("what", choices=("tables", "databases"))
    parser.add_argument("count", type=int)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--scrapes", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def main():
    choices = arguments()
    many = choices.what == "databases"
    with keeping() as keep:
        cluster = keep(Cluster(15, settings={**SETTINGS, "max_connections": 100}))
        create_roles(cluster)
        start = time.monotonic()
        if many:
            create_databases(cluster, choices.count, choices.tables)
        else:
            create_tables(cluster, choices.count)
        print(f"made {choices.count} {choices.what} in {time.monotonic() - start:.0f} s\n", flush=True)

        exporter = None if choices.alone else keep(exporter_of(cluster, many))
        rival = exporter and Contender("postgres_exporter", exporter.pid, exporter.port, "exporter")

        # As it comes, beside the exporter; then the exporter's series only, alone: its window is the same one.
        agent = keep(Agent(configuration(cluster, many), ready=False))
        wait_all_collected(agent, 600)
        default = Result("pgvigil", agent, cluster, choices, [rival] if rival else [])
        results, same, rival_spent, rival_memory = [default], None, None, None
        if rival:
            rival_spent, rival_memory = default.spent[rival.name], memory(rival.pid)
            alike = same_series(cluster, many, agent, names_of(exporter))
            agent.stop()
            agent = keep(Agent(alike, ready=False))
            wait_all_collected(agent, 600)
            same = Result("pgvigil, same series", agent, cluster, choices, [])
            results.append(same)

        report(results, rival, rival_spent, rival_memory)
        print()
        met = print_targets(targets(choices, default, same, rival_spent))
        return 0 if met or not choices.check else 1


if __name__ == "__main__":
    sys.exit(main())
