#!/usr/bin/python3
"""Measures how long it takes from a condition in Postgres to the message at a sink, beside Prometheus and Alertmanager.

usage: tests/bench/alert_latency.py [--rounds 10] [--check]

  --rounds N    how often the condition comes and goes; a round takes the better part of a minute
  --check       exit 1 when pgvigil's median is over one interval of collection and half a second

The condition is a session that is idle in its transaction; the rule is the same in all, with `for: 0s` and without waiting
for a group. In one run, and told of the same moments:

  pgvigil 15s   collects every 15 s, as its collectors do by default, and judges every second
  pgvigil 1s    collects every second
  Prometheus    Debian's, with postgres_exporter and Alertmanager: scrapes and evaluates every 15 s

PGVIGIL names the binary (default build/release/agent/pgvigil).
"""

import json
import os
import random
import statistics
import sys
import time

from measure import SETTINGS, keeping, print_table
from options import Options
from support.agent import Agent
from support.cluster import Cluster
from support.conditions import at_once
from support.config import config, every
from support.peers import PostgresExporter, Server
from support.sink import Sink
from support.waiting import until
from workload import create_roles

EXPRESSION = 'sum(pg_stat_activity_count{state="idle in transaction"}) > 0'
INTERVALS = {"pgvigil 15s": 15, "pgvigil 1s": 1}
PEER = "Prometheus"


class TimedSink(Sink):
    """Notes when each contender, by its path, was first told of an alert, and whether it thinks that it fires."""

    def __init__(self):
        self.first, self.firing = {}, {}
        super().__init__(self._note)

    def _note(self, path, headers, body):  # pylint: disable=unused-argument
        fires = json.loads(body)["status"] == "firing"
        name = path.strip("/").replace("-", " ")
        self.firing[name] = fires
        if fires:
            self.first.setdefault(name, time.monotonic())
        return 200, {}, b"ok"

    def address(self, name):
        return f"{self.url}/{name.replace(' ', '-')}"


def pgvigil(cluster, sink, name):
    """An agent that tells the sink at once."""
    receiver = f'[receiver.sink]\ntype = "webhook"\nurl = "{sink.address(name)}"\n'
    agent = Agent(config(cluster, more=at_once() + receiver + every(f"{INTERVALS[name]}s", "stat_activity")), ready=False)
    agent.stop()
    agent.write_rules(f"[[rule]]\nalert = \"IdleInTransaction\"\nexpr = '{EXPRESSION}'\nfor = \"0s\"\n")
    agent.start()
    return agent


class Alertmanager(Server):
    def __init__(self, url):
        super().__init__("alertmanager", lambda self: self._words(url), "/-/ready")

    def _words(self, url):
        path = os.path.join(self.home, "alertmanager.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
route: {{receiver: sink, group_wait: 0s, group_interval: 1s}}
receivers:
  - name: sink
    webhook_configs: [{{url: "{url}"}}]
""")
        return ["prometheus-alertmanager", f"--config.file={path}", f"--storage.path={self.home}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]


class Prometheus(Server):
    def __init__(self, exporter_port, alertmanager_port):
        super().__init__("prometheus", lambda self: self._words(exporter_port, alertmanager_port), "/-/ready")

    def _words(self, exporter_port, alertmanager_port):
        path = os.path.join(self.home, "prometheus.yml")
        with open(os.path.join(self.home, "rules.yml"), "w", encoding="utf-8") as file:
            file.write(f"groups:\n  - name: bench\n    rules:\n      - alert: IdleInTransaction\n        expr: '{EXPRESSION}'\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
global: {{scrape_interval: 15s, evaluation_interval: 15s}}
rule_files: ["{self.home}/rules.yml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager_port}"]}}]}}]}}
scrape_configs:
  - job_name: postgres
    static_configs: [{{targets: ["127.0.0.1:{exporter_port}"]}}]
""")
        return ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={self.home}/data",
                f"--web.listen-address=127.0.0.1:{self.port}"]


def round_of(cluster, sink, names):
    """Seconds until each was told; then the condition ends, and it is waited until all know that."""
    sink.first.clear()
    with cluster.session(autocommit=False) as session, session.cursor() as cursor:
        cursor.execute("select 1")
        began = time.monotonic()
        until(lambda: names <= sink.first.keys(), f"{sorted(names)} are told", 120, pause=0.05)
    until(lambda: not any(sink.firing.values()), "all know that it is over", 120)
    return {name: sink.first[name] - began for name in names}


def main():
    options = Options(__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--check", action="store_true")
    options = options.parse_args()
    chance = random.Random(1)
    with keeping() as keep, TimedSink() as sink:
        cluster = keep(Cluster(settings=SETTINGS))
        create_roles(cluster)
        for name in INTERVALS:
            keep(pgvigil(cluster, sink, name))
        exporter = keep(PostgresExporter(cluster.uri("exporter")))
        alertmanager = keep(Alertmanager(sink.address(PEER)))
        keep(Prometheus(exporter.port, alertmanager.port))
        names = {*INTERVALS, PEER}
        time.sleep(20)  # the first scrape and evaluation of each
        taken = {name: [] for name in names}
        for _ in range(options.rounds):
            time.sleep(chance.uniform(0, 15))  # at any moment of their clocks
            for name, seconds in round_of(cluster, sink, names).items():
                taken[name].append(seconds)
    report(taken)
    missed = [name for name, interval in INTERVALS.items() if statistics.median(taken[name]) > interval + 0.5]
    for name in missed:
        print(f"missed: {name} takes more than an interval and half a second")
    return 1 if missed and options.check else 0


def report(taken):
    theirs = statistics.median(taken[PEER])
    rows = [("seconds until told", "median", "least", "most", f"{PEER} takes")]
    for name in (*INTERVALS, PEER):
        median = statistics.median(taken[name])
        rows.append((name, f"{median:.2f}", f"{min(taken[name]):.2f}", f"{max(taken[name]):.2f}", f"{theirs / median:.1f}x"))
    print_table(rows)


if __name__ == "__main__":
    sys.exit(main())
