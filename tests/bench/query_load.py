#!/usr/bin/python3
"""Measures how long /metrics and /livez take while clients hammer query_range, and what that costs in memory.

usage: tests/bench/query_load.py [--clients 4] [--seconds 15]
"""

import http.client
import statistics
import threading
import time
import urllib.parse

from measure import SETTINGS, keeping, memory
from options import Options
from support.agent import Agent
from support.cluster import Cluster
from workload import create_roles, create_tables

TABLES = 500
HEAVY = 'sum by (relname) ({__name__=~"pg_stat_user_tables_.*"})'  # some 10,000 series, at 121 steps


class Hammer:
    """Clients that ask for the same range again and again until they are told to stop."""

    def __init__(self, port, clients):
        self._port, self._over, self.answers = port, threading.Event(), []
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=150)
        while not self._over.is_set():
            now = time.time()
            form = urllib.parse.urlencode({"query": HEAVY, "start": now - 600, "end": now, "step": 5})
            began = time.perf_counter()
            connection.request("POST", "/api/v1/query_range", form,
                               {"Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
            size = len(answer.read())
            self.answers.append((answer.status, time.perf_counter() - began, size))
        connection.close()

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()


def latencies(port, path, seconds):
    """Milliseconds of each GET over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.05)
    connection.close()
    return taken


def show(title, port, seconds):
    for path in ("/metrics", "/livez"):
        taken = sorted(latencies(port, path, seconds / 2))
        print(f"{title:8} {path:9} median {statistics.median(taken):6.2f} ms   "
              f"p99 {taken[int(len(taken) * 0.99)]:7.2f} ms   ({len(taken)} requests)")


def main():
    options = Options(__doc__)
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--seconds", type=float, default=15)
    options = options.parse_args()
    with keeping() as keep:
        cluster = keep(Cluster(settings=SETTINGS))
        create_roles(cluster)
        create_tables(cluster, TABLES)
        agent = keep(Agent(f'[server]\ndsn = "{cluster.dsn()}"\n'))
        show("idle", agent.port, options.seconds)
        before = memory(agent.pid)
        hammer = Hammer(agent.port, options.clients)
        show("hammered", agent.port, options.seconds)
        hammer.stop()
        after = memory(agent.pid)
        statuses = {status: sum(1 for one in hammer.answers if one[0] == status) for status, _, _ in hammer.answers}
        took = statistics.median(one[1] for one in hammer.answers) * 1000
        print(f"queries  {len(hammer.answers)} by {options.clients} clients, statuses {statuses}, median {took:.0f} ms, "
              f"{hammer.answers[0][2] / 1000:.0f} kB each")
        print(f"memory   {before[0]:.1f} MB resident before, {after[0]:.1f} after, {after[2]:.1f} at the peak")


if __name__ == "__main__":
    main()
