#!/usr/bin/python3
"""Measures how pgvigil reads thousands of statements with long texts, beside Debian's postgres_exporter in the same run.

usage: tests/bench/statements.py [--statements 5000] [--text 40000] [--runs 20] [--check]

  --statements N  distinct statements that pg_stat_statements remembers
  --text BYTES    length of the text of each
  --runs N        collections of each that are measured
  --check         exit 1 when a target is missed

The exporter reads the view with a query of the kind that its own collector has (those above the tenth percentile by
time, the first hundred); pgvigil reads the function without texts, every row. Database time is what pg_stat_statements
counts for the statement of each; "read" is what its backend read from files, which is the file of texts; memory is the
most that its backend ever had, and what the process itself has. PGVIGIL names the binary.
"""

import os
import sys
import time

from options import Options

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../end_to_end"))
from support.agent import Agent  # noqa: E402
from support.cluster import Cluster, PASSWORD  # noqa: E402
from support.peers import PostgresExporter  # noqa: E402
from support.waiting import until  # noqa: E402

THEIR_QUERY = """
statements:
  query: >-
    select pg_get_userbyid(s.userid) as rolname, d.datname, s.queryid::text, s.calls, s.total_exec_time / 1000 as seconds,
    s.rows, s.blk_read_time / 1000 as read_seconds, s.blk_write_time / 1000 as write_seconds
    from pg_stat_statements s join pg_database d on d.oid = s.dbid
    where s.total_exec_time > (select percentile_cont(0.1) within group (order by total_exec_time) from pg_stat_statements)
    order by s.total_exec_time desc limit 100
  metrics:
    - rolname: {usage: "LABEL", description: "role"}
    - datname: {usage: "LABEL", description: "database"}
    - queryid: {usage: "LABEL", description: "statement"}
    - calls: {usage: "COUNTER", description: "calls"}
    - seconds: {usage: "COUNTER", description: "seconds"}
    - rows: {usage: "COUNTER", description: "rows"}
    - read_seconds: {usage: "COUNTER", description: "seconds"}
    - write_seconds: {usage: "COUNTER", description: "seconds"}
"""


# Nothing but the statements; these are the flags of Debian's.
ONLY_QUERIES = ("--disable-default-metrics", "--disable-settings-metrics", "--no-collector.database",
                "--no-collector.bgwriter")


def status_kilobytes(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next((int(line.split()[1]) for line in file if line.startswith(key + ":")), 0)


def read_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("rchar:"))


def remember_statements(cluster, count, length):
    """Distinct trees: a sum whose signs are the number's binary digits. The text is padded by a comment within."""
    cluster.run("create table numbers (a int)")
    with cluster.session() as session, session.cursor() as cursor:
        for number in range(count):
            terms = "".join("+ a " if number >> bit & 1 else "- a " for bit in range(16))
            cursor.execute(f"select a /* {'x' * length} */ {terms} from numbers")


def spent(cluster, role):
    """Calls and milliseconds of the role's statement that reads the statistics."""
    return cluster.rows("""select coalesce(sum(calls), 0)::int, coalesce(sum(total_exec_time), 0)::float8
                             from pg_stat_statements(true) s join pg_roles r on r.oid = s.userid
                            where rolname = %s and query like '%%pg_stat_statements%%'""", (role,))[0]


def backend_of(cluster, role):
    """The backend that did it: that role's session which has read most."""
    return max(cluster.sessions(role), key=read_bytes)


class Measured:
    """What the collections of one contender cost."""

    def __init__(self, cluster, role, process):
        self._cluster, self._role, self._process = cluster, role, process
        self._calls, self._milliseconds = spent(cluster, role)
        self._read = read_bytes(backend_of(cluster, role))

    def take(self):
        calls, milliseconds = spent(self._cluster, self._role)
        self.runs = calls - self._calls
        backend = backend_of(self._cluster, self._role)
        self.milliseconds = (milliseconds - self._milliseconds) / self.runs
        self.read = (read_bytes(backend) - self._read) / self.runs / 1e6
        self.backend = status_kilobytes(backend, "VmHWM") / 1024
        self.resident = status_kilobytes(self._process, "VmRSS") / 1024


def measure(cluster, agent, exporter, runs):
    until(lambda: spent(cluster, "pgvigil")[0] >= 2, "pgvigil has collected", 300)
    exporter.get("/metrics")
    ours, theirs = Measured(cluster, "pgvigil", agent.pid), Measured(cluster, "exporter", exporter.pid)
    slowest = 0.0
    for _ in range(runs):
        start = time.perf_counter()
        assert "statements_calls" in exporter.get("/metrics"), "the exporter gives no statements"
        slowest = max(slowest, time.perf_counter() - start)
    until(lambda: spent(cluster, "pgvigil")[0] >= ours._calls + runs, "pgvigil has collected as often", 600)
    ours.take()
    theirs.take()
    return ours, theirs, slowest


def report(cluster, agent, ours, theirs, slowest):
    size = cluster.value("select size from pg_stat_file('pg_stat_tmp/pgss_query_texts.stat')")
    count = cluster.value("select count(*) from pg_stat_statements(false)")
    print(f"{count} statements, {size / 1e6:.0f} MB of texts; {ours.runs} and {theirs.runs} collections")
    print(f"{'':32}{'pgvigil':>12}{'exporter':>12}{'ratio':>9}")
    for name, key in (("database ms a collection", "milliseconds"), ("MB read by the backend, each", "read"),
                      ("backend, MB at its highest", "backend"), ("process, MB resident", "resident")):
        a, b = getattr(ours, key), getattr(theirs, key)
        print(f"{name:32}{a:12.2f}{b:12.2f}{b / a if a else float('inf'):8.1f}x")
    families = agent.scrape(collect=["statements"])
    print(f"slowest scrape of the exporter: {slowest * 1e3:.0f} ms; of pgvigil's statements, all rows counted: "
          f"{agent.median_scrape_seconds() * 1e3:.2f} ms (median), {len(families.samples())} series, "
          f"{agent.value('pgvigil_collector_aggregated_rows', collector='statements'):.0f} rows as other")


def main():
    parser = Options(__doc__)
    parser.add_argument("--statements", type=int, default=5000)
    parser.add_argument("--text", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--check", action="store_true")
    choices = parser.parse_args()
    cluster = Cluster(15, settings={"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": 10_000})
    agent = exporter = None
    try:
        cluster.run("create extension pg_stat_statements")
        cluster.create_role("pgvigil")
        cluster.create_role("exporter")
        remember_statements(cluster, choices.statements, choices.text)
        agent = Agent(f'[server]\ndsn = "{cluster.dsn()}"\nmax_connections = 1\n[collector.statements]\nevery = "1s"\n')
        exporter = PostgresExporter(cluster.uri(user="exporter", password=PASSWORD), queries=THEIR_QUERY,
                                    options=ONLY_QUERIES, ready="/")
        ours, theirs, slowest = measure(cluster, agent, exporter, choices.runs)
        report(cluster, agent, ours, theirs, slowest)
        met = ours.milliseconds * 3 <= theirs.milliseconds
        print(f"{'met     ' if met else 'missed  '}at most a third of the exporter's database time")
        return 0 if met or not choices.check else 1
    finally:
        for part in (agent, exporter, cluster):
            if part is not None:
                part.remove()


if __name__ == "__main__":
    sys.exit(main())
