"""The cluster: three nodes, who watches them, and waiting for what happens to them."""

import os
import pathlib
import subprocess
import time

import network
import watchers
from node import Node

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PGVIGIL", str(REPOSITORY / "build/release/agent/pgvigil"))

# Shorter than they ship, so that an incident is over before the next one; both judges take these.
OVERRIDES = """
[override.PostgresDown]
for = "15s"
[override.PostgresRoleChanged]
parameters = { window = "90s" }
[override.PostgresRestarted]
enabled = false
[override.PostgresConfigurationChanged]
enabled = false
"""
# What only somebody who sees all hosts can judge: Prometheus.
CLUSTER_WIDE = """
[override.PostgresNoPrimary]
enabled = true
[override.PostgresSplitBrain]
enabled = true
"""


def until(condition, what, seconds=120, seen=lambda: ""):
    """Seconds until the condition held; `seen` tells what there was instead."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.25)
    raise SystemExit(f"FAILED: waited {seconds} s in vain until {what} {seen()}")


class Cluster:
    """Three hosts that work, and their watchers."""

    def __init__(self, folder):
        network.build()
        self.folder = folder
        self.nodes = [Node(network.Host(number), folder) for number in (1, 2, 3)]
        self.sink = watchers.Sink()
        (folder / "rules").mkdir()
        (folder / "rules/overrides.toml").write_text(OVERRIDES)
        (folder / "overrides.toml").write_text(OVERRIDES + CLUSTER_WIDE)
        exported = subprocess.run([BINARY, "rules", "export", "--format", "prometheus", str(folder / "overrides.toml")],
                                  capture_output=True, text=True, check=True).stdout  # fmt: skip
        (folder / "alerts.rules.yml").write_text(exported)
        subprocess.run(["chown", "-R", "postgres:postgres", str(folder)], check=True)
        hosts = [node.host for node in self.nodes]
        for node in self.nodes:
            node.start_etcd(hosts)
        for node in self.nodes:
            node.write_patroni(hosts)
            node.start_patroni()
        until(lambda: self.leader() and len(self.replicas()) == 2, "Patroni has a leader and two replicas", 300)
        self.prometheus = watchers.start(folder, folder / "alerts.rules.yml", [host.address for host in hosts])
        for node in self.nodes:
            node.start_agent(BINARY, folder / "rules", watchers.urls())
        until(lambda: all(all(node.roles()) for node in self.nodes), "each pgvigil sees its server")

    def leader(self):
        return next((node for node in self.nodes if node.is_leader()), None)

    def replicas(self):
        return [node for node in self.nodes if node.is_replica()]

    def others(self, node):
        return [one for one in self.nodes if one is not node]

    def promotions(self):
        return sum(node.promotions() for node in self.nodes)

    def settle(self):
        """Until all are members, and for longer than the Alertmanagers' interval no alert is about."""
        until(lambda: len(self.replicas()) == 2 and self.leader(), "all are members again", 300)
        quiet = begin = time.monotonic()
        while time.monotonic() - quiet < 45:
            time.sleep(1)
            if names := watchers.active():
                quiet = time.monotonic()
                if quiet - begin > 600:
                    raise SystemExit(f"FAILED: these do not end: {names}")

    def forget(self):
        """What was told before is no part of what comes."""
        self.prometheus = watchers.restart_prometheus(self.folder, self.prometheus)
        answers = time.time()
        until(lambda: watchers.scraped_since(answers) == len(self.nodes), "Prometheus has scraped all of them")
