#!/usr/bin/python3
"""Measures pgvigil beside Debian's postgres_exporter: one server, one run, scrapes in turn, and prints the ratios.

usage: tests/bench/exporters.py [--scrapes 1000] [--seconds 60] [--tables 0] [--scale 10] [--check]

  --scrapes N   scrapes of each, in turn
  --seconds N   length of the window in which CPU and database time are measured, each scraped every 15 s
  --tables N    further tables with three indexes each (1000 and 10000 are the scenarios S2 and S3 of peers)
  --scale N     scale of pgbench's tables; a light load runs on them
  --check       exit 1 when a target is missed

PGVIGIL names the binary (default build/release/agent/pgvigil). Database time is what pg_stat_statements counts for the
role of each. Figures of two runs on a shared machine differ by some 20 %: compare within one run only.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../end_to_end"))
from support.agent import Agent  # noqa: E402
from support.cluster import Cluster, PASSWORD, bin_folder  # noqa: E402
from support.peers import PostgresExporter  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    """Resident and proportional megabytes."""
    sizes = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and words[2] == "kB":
                sizes[words[0].rstrip(":")] = int(words[1]) / 1024
    return sizes["Rss"], sizes["Pss"]


class Contender:
    """A process that answers /metrics, and what is measured of it."""

    def __init__(self, name, pid, port, role):
        self.name, self.pid, self.port, self.role = name, pid, port, role
        self.times, self.bytes, self.series = [], 0, 0
        self._connection = None

    def scrape(self):
        """One GET with gzip over a kept connection, as Prometheus sends it: seconds until the last byte."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        start = time.perf_counter()
        self._connection.request("GET", "/metrics", headers={
            "Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
        body = self._connection.getresponse().read()
        taken = time.perf_counter() - start
        self.bytes = len(body)
        return taken

    def count_series(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "identity"})
        lines = connection.getresponse().read().decode().splitlines()
        self.series = sum(1 for line in lines if line and not line.startswith("#"))


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def database_time(cluster, role):
    """Milliseconds that the server has spent on the role's statements, and how many they were."""
    return cluster.rows("""select coalesce(sum(total_exec_time + total_plan_time), 0)::float8, coalesce(sum(calls), 0)::int
                             from pg_stat_statements s join pg_roles r on r.oid = s.userid where rolname = %s""", (role,))[0]


def prepare(cluster, scale, tables):
    cluster.run("create extension pg_stat_statements")
    cluster.create_role("pgvigil")
    cluster.create_role("exporter")
    tools = {"cwd": "/", "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pgbench = [os.path.join(bin_folder(15), "pgbench"), "-h", cluster.home, "-p", str(cluster.port), "-U", "postgres"]
    subprocess.run([*pgbench, "-i", "-s", str(scale), "postgres"], **tools)
    for first in range(0, tables, 500):
        cluster.run("".join(
            f"create table t{i} (id int primary key, a int, b int); create index on t{i} (a); create index on t{i} (b);"
            for i in range(first, min(first + 500, tables))))
    return subprocess.Popen([*pgbench, "-c", "2", "-R", "20", "-T", "86400", "postgres"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, cwd="/")


def measure_scrapes(contenders, count):
    for contender in contenders:
        contender.scrape()
        contender.count_series()
    for _ in range(count):
        for contender in contenders:
            contender.times.append(contender.scrape())


def measure_window(cluster, contenders, seconds):
    """CPU and database time of each while it is scraped every 15 s."""
    before = {c.name: (cpu_seconds(c.pid), *database_time(cluster, c.role)) for c in contenders}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for contender in contenders:
            contender.scrape()
        time.sleep(min(15, max(0, end - time.monotonic())))
    spent = {}
    for c in contenders:
        now = (cpu_seconds(c.pid), *database_time(cluster, c.role))
        spent[c.name] = [(a - b) * 60 / seconds for a, b in zip(now, before[c.name])]
    return spent


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

    add("scrape median, ms", statistics.median(ours.times) * 1e3, statistics.median(theirs.times) * 1e3)
    add("scrape p99, ms", quantile(ours.times, 0.99) * 1e3, quantile(theirs.times, 0.99) * 1e3)
    add("series", ours.series, theirs.series, "{:d}")
    add("bytes sent (gzip)", ours.bytes, theirs.bytes, "{:d}")
    add("resident MB after the scrapes", resident[ours.name][0], resident[theirs.name][0], "{:.1f}")
    add("proportional MB after the scrapes", resident[ours.name][1], resident[theirs.name][1], "{:.1f}")
    add("CPU ms a minute", spent[ours.name][0] * 1e3, spent[theirs.name][0] * 1e3, "{:.0f}")
    add("database ms a minute", spent[ours.name][1], spent[theirs.name][1], "{:.0f}")
    add("statements a minute", spent[ours.name][2], spent[theirs.name][2], "{:.0f}")
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
    print(f"\n500 scrapes in {burst[2]:.1f} s: {burst[0]} statements of ours meanwhile; {burst[1]} in as long without a scrape")


def targets(ours, theirs, resident):
    """Each target of the project with whether it is met."""
    median = statistics.median(ours.times)
    ratio = statistics.median(theirs.times) / median
    return [(f"scrape median {median * 1e3:.2f} ms, under 1 ms", median < 0.001),
            (f"{ratio:.0f} times faster than postgres_exporter, at least 20", ratio >= 20),
            (f"resident {resident[ours.name][0]:.1f} MB, at most 20", resident[ours.name][0] <= 20)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=True)
    parser.add_argument("--scrapes", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--tables", type=int, default=0)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--check", action="store_true")
    choices = parser.parse_args()

    cluster = Cluster(15, settings={"shared_preload_libraries": "pg_stat_statements", "max_locks_per_transaction": 4096,
                                    "pg_stat_statements.track_planning": "on", "shared_buffers": "128MB"})
    load = agent = exporter = None
    try:
        load = prepare(cluster, choices.scale, choices.tables)
        agent = Agent(f'[server]\ndsn = "{cluster.dsn()}"\n')
        exporter = PostgresExporter(cluster.uri(user="exporter", password=PASSWORD))
        ours = Contender("pgvigil", agent.pid, agent.port, "pgvigil")
        theirs = Contender("postgres_exporter", exporter._process.pid, exporter.port, "exporter")
        measure_scrapes([ours, theirs], choices.scrapes)
        resident = {c.name: memory(c.pid) for c in (ours, theirs)}
        spent = measure_window(cluster, [ours, theirs], choices.seconds)
        burst = statements_in_burst(cluster, ours, "pgvigil")
        report(ours, theirs, spent, burst, resident)
        print()
        met = True
        for text, good in targets(ours, theirs, resident):
            print(("met     " if good else "missed  ") + text)
            met = met and good
        return 0 if met or not choices.check else 1
    finally:
        if load is not None:
            load.terminate()
            load.wait()
        for part in (agent, exporter, cluster):
            if part is not None:
                part.remove()


if __name__ == "__main__":
    sys.exit(main())
