"""What the benchmarks share: processes that answer /metrics and what they cost, themselves and the server."""

import contextlib
import http.client
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../end_to_end"))
from support.peers import PostgresExporter  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
# pg_stat_statements is there in all of them; the locks are for those that make many tables in one transaction.
SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on",
            "max_locks_per_transaction": 4096, "shared_buffers": "256MB", "autovacuum": "off"}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    """Resident, proportional and peak resident megabytes."""
    sizes = {}
    for name in ("smaps_rollup", "status"):
        with open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
            for line in file:
                words = line.split()
                if len(words) == 3 and words[2] == "kB":
                    sizes[words[0].rstrip(":")] = int(words[1]) / 1024
    return sizes["Rss"], sizes["Pss"], sizes["VmHWM"]


class Contender:
    """A process that answers /metrics, and what is measured of it. `role` is its user on the server."""

    def __init__(self, name, pid, port, role):
        self.name, self.pid, self.port, self.role = name, pid, port, role
        self.times, self.bytes, self.series, self.plain_bytes = [], 0, 0, 0
        self._connection = None

    def scrape(self):
        """One GET with gzip over a kept connection, as Prometheus sends it: seconds until the last byte."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        start = time.perf_counter()
        self._connection.request("GET", "/metrics", headers={
            "Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
        body = self._connection.getresponse().read()
        taken = time.perf_counter() - start
        self.bytes = len(body)
        return taken

    def count_series(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "identity"})
            body = connection.getresponse().read()
        self.plain_bytes = len(body)
        self.series = sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))

    def median(self):
        return statistics.median(self.times)

    def p99(self):
        return quantile(self.times, 0.99)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_scrapes(contenders, count):
    """Scrapes in turn, after one that warms each up."""
    for contender in contenders:
        contender.scrape()
        contender.count_series()
    for _ in range(count):
        for contender in contenders:
            contender.times.append(contender.scrape())


def database_time(cluster, role):
    """Milliseconds that the server has spent on the role's statements, how many they were, and blocks of temporary
    files that they wrote; over all databases."""
    return cluster.rows("""select coalesce(sum(total_exec_time + total_plan_time), 0)::float8, coalesce(sum(calls), 0)::int,
                                  coalesce(sum(temp_blks_written), 0)::int
                             from pg_stat_statements s join pg_roles r on r.oid = s.userid where rolname = %s""", (role,))[0]


def measure_window(cluster, contenders, seconds):
    """What each costs in a minute while it is scraped every 15 s: CPU seconds of its own, milliseconds of the server,
    statements, blocks of temporary files; by name."""
    before = {c.name: (cpu_seconds(c.pid), *database_time(cluster, c.role)) for c in contenders}
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        for contender in contenders:
            contender.scrape()
        time.sleep(max(0.0, min(15, seconds - passed)))
    minutes = (time.monotonic() - start) / 60
    spent = {}
    for c in contenders:
        now = (cpu_seconds(c.pid), *database_time(cluster, c.role))
        spent[c.name] = [(a - b) / minutes for a, b in zip(now, before[c.name])]
    return spent


def print_table(rows):
    """Rows of words: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))), flush=True)


def print_targets(targets):
    """Prints (sentence, whether it is met); whether all are met."""
    for text, met in targets:
        print(("met     " if met else "missed  ") + text)
    return all(met for _, met in targets)


def exporter_program():
    """Debian's postgres_exporter, or the one that POSTGRES_EXPORTER names (0.17 of Debian 13, say)."""
    return os.environ.get("POSTGRES_EXPORTER", "prometheus-postgres-exporter")


def start_exporter(uri, queries=None, options=()):
    return PostgresExporter(uri, exporter_program(), queries, options, ready="/")


@contextlib.contextmanager
def keeping():
    """Gives a function that keeps a thing and removes it at the end, the last one first."""
    with contextlib.ExitStack() as stack:
        def keep(thing):
            stack.callback(thing.remove)
            return thing
        yield keep
