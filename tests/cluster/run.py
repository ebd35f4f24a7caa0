#!/usr/bin/python3
"""A cluster of three hosts: Patroni and etcd, pgvigil beside each Postgres, one Prometheus and two Alertmanagers. By hand, as root.

usage: tests/cluster/run.py [--keep] [switchover] [failover] [partition]

The hosts are network namespaces. Prometheus judges the exported rules, each pgvigil the same ones for its own server, and all
tell both Alertmanagers, so an incident has up to four reporters and two who pass it on. Three incidents: a switchover, a leader
that dies (kill -9), a leader that is cut off. Of each it prints how long pgvigil took to see the new roles, and how many messages
came; it fails where that is not one for each alert. Needs Debian's patroni, etcd-server, postgresql-15, prometheus,
prometheus-alertmanager, curl, iproute2; all three take some fifteen minutes. --keep leaves the folder with all logs.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import network  # noqa: E402  pylint: disable=wrong-import-position
import watchers  # noqa: E402  pylint: disable=wrong-import-position
from node import Node  # noqa: E402  pylint: disable=wrong-import-position

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
# What only somebody who sees all hosts can judge.
CLUSTER_WIDE = """
[override.PostgresNoPrimary]
enabled = false
[override.PostgresSplitBrain]
enabled = false
"""


def told(what):
    print(f"ok    {what}", flush=True)


def until(condition, what, seconds=120):
    """Seconds until the condition held."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.25)
    raise SystemExit(f"FAILED: waited {seconds} s in vain until {what}")


class Cluster:
    """The three nodes and who watches them."""

    def __init__(self, folder):
        network.build()
        self.nodes = [Node(network.Host(number), folder) for number in (1, 2, 3)]
        self.sink = watchers.Sink()
        (folder / "rules").mkdir()
        (folder / "overrides.toml").write_text(OVERRIDES)
        (folder / "rules/overrides.toml").write_text(OVERRIDES + CLUSTER_WIDE)
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
        until(lambda: self.leader() and len(self.replicas()) == 2, "Patroni has a leader and two replicas")
        self.watchers = watchers.start(folder, folder / "alerts.rules.yml", [host.address for host in hosts])
        for node in self.nodes:
            node.start_agent(BINARY, folder / "rules", watchers.urls())
        until(lambda: all(node.role_seen() for node in self.nodes), "each pgvigil sees its server")

    def leader(self):
        return next((node for node in self.nodes if node.is_leader()), None)

    def replicas(self):
        return [node for node in self.nodes if node.is_replica()]

    def settle(self):
        """Until all are members, and for longer than the Alertmanagers' interval no alert is about."""
        until(lambda: len(self.replicas()) == 2 and self.leader(), "all are members again", 180)
        quiet = give_up = time.monotonic()
        while time.monotonic() - quiet < 45:
            time.sleep(1)
            if names := watchers.active():
                quiet = time.monotonic()
                assert quiet - give_up < 400, f"these do not end: {names}"


def check_role(node, role, since):
    """Within ten seconds of what Patroni says, metrics and status say it, too."""
    seconds = until(lambda: node.role_seen() == role and node.role_in_status() == role, f"{node.host.name} is seen as {role}", 10)
    told(f"{node.host.name} is {role}: Patroni says so {since:.1f} s after the event, pgvigil at most {seconds:.1f} s later")


def check_messages(cluster, start, wanted):
    """One message for each alert that fired, and those that are wanted among them."""
    cluster.settle()
    fired = {}
    for _, status, name, instances in cluster.sink.since(start):
        if status == "firing":
            fired.setdefault(name, []).append(instances)
    print("      messages:", "; ".join(f"{name} {len(one)}x {one[0]}" for name, one in fired.items()), flush=True)
    missing = wanted - fired.keys()
    assert not missing, f"nobody was told of {missing}"
    twice = {name: one for name, one in fired.items() if len(one) != 1}
    assert not twice, f"more than one message: {twice}"
    told(f"one message for each of {', '.join(sorted(fired))}")


def check_agents(cluster):
    for node in cluster.nodes:
        ended, restarts, livez = node.agent_facts()
        assert ended is None and livez == 200 and set(restarts) <= {"0"}, (node.host.name, ended, restarts, livez)
    told("no pgvigil was lost: three processes, no worker replaced, /livez 200")


def switchover(cluster):
    old, start = cluster.leader(), time.monotonic()
    new = cluster.replicas()[0]
    old.patronictl("switchover", "shop", "--master", old.host.name, "--candidate", new.host.name, "--force")
    until(new.is_leader, "the candidate leads")
    check_role(new, "primary", time.monotonic() - start)
    until(old.is_replica, "the old leader follows")
    check_role(old, "standby", time.monotonic() - start)
    check_messages(cluster, start, {"PostgresRoleChanged"})


def failover(cluster):
    old, start = cluster.leader(), time.monotonic()
    others = [node for node in cluster.nodes if node is not old]
    old.kill_postgres()
    until(lambda: any(node.is_leader() for node in others), "another one leads")
    check_role(next(node for node in others if node.is_leader()), "primary", time.monotonic() - start)
    time.sleep(60)  # a host that stays away for a while
    old.start_patroni()
    until(old.is_replica, "the old leader is a member again", 180)
    check_role(old, "standby", time.monotonic() - start)
    check_messages(cluster, start, {"PostgresRoleChanged", "PostgresDown"})


def partition(cluster):
    old, start = cluster.leader(), time.monotonic()
    others = [node for node in cluster.nodes if node is not old]
    old.host.cut_off()
    until(lambda: any(node.is_leader() for node in others), "another one leads")
    check_role(next(node for node in others if node.is_leader()), "primary", time.monotonic() - start)
    # Its Postgres waits for the standbys that it cannot reach, for wal_sender_timeout, before it is down.
    until(old.follows_nobody, "the old leader gives up", 180)
    check_role(old, "standby", time.monotonic() - start)
    time.sleep(max(0, start + 200 - time.monotonic()))
    old.host.connect()
    check_messages(cluster, start, {"PostgresRoleChanged", "TargetDown"})


def main():
    incidents = {one.__name__: one for one in (switchover, failover, partition)}
    chosen = [word for word in sys.argv[1:] if word != "--keep"] or list(incidents)
    if not set(chosen) <= incidents.keys():
        print(__doc__)
        sys.exit(0 if chosen in (["-h"], ["--help"]) else 2)
    network.enter_own_namespaces()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pgvigil-cluster-"))
    folder.chmod(0o755)
    try:
        cluster = Cluster(folder)
        told(f"three members, {cluster.leader().host.name} leads; a pgvigil beside each")
        cluster.settle()
        assert not cluster.sink.messages, cluster.sink.messages
        told("nothing fires")
        for name in chosen:
            print(f"--    {name}", flush=True)
            incidents[name](cluster)
            check_agents(cluster)
    finally:
        if "--keep" in sys.argv:
            print(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


main()
