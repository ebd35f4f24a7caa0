#!/usr/bin/python3
"""A cluster of three hosts: Patroni and etcd, pgvigil beside each Postgres, one Prometheus and two Alertmanagers. By hand, as root.

usage: tests/cluster/run.py [--keep] [switchover] [failover] [partition]

The hosts are network namespaces. Prometheus judges the exported rules, each pgvigil the same ones for its own server, and all
tell both Alertmanagers, so an incident has up to four reporters and two who pass it on. Three incidents: a switchover, a leader
that dies (kill -9), a leader that is cut off. Of each it says how long pgvigil took to see the new roles, and what was told; it
fails where that is not exactly one notification, or a role is not seen within ten seconds of Patroni's word, or a pgvigil is
lost. A table sums it up. Needs Debian's patroni, etcd-server, postgresql-15, prometheus, prometheus-alertmanager, curl, iproute2;
all three take some fifteen minutes. --keep leaves the folder with all logs.
"""

import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import incidents  # noqa: E402  pylint: disable=wrong-import-position
import network  # noqa: E402  pylint: disable=wrong-import-position
from cluster import Cluster  # noqa: E402  pylint: disable=wrong-import-position


def print_table(rows):
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in names) + " |", flush=True)


def main():
    chosen = [word for word in sys.argv[1:] if word != "--keep"] or list(incidents.ALL)
    if not set(chosen) <= incidents.ALL.keys():
        print(__doc__)
        sys.exit(0 if chosen in (["-h"], ["--help"]) else 2)
    network.enter_own_namespaces()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pgvigil-cluster-"))
    folder.chmod(0o755)
    try:
        cluster = Cluster(folder)
        incidents.told(f"three members, {cluster.leader().host.name} leads; a pgvigil beside each")
        cluster.settle()
        if cluster.sink.messages:
            raise SystemExit(f"FAILED: something fires before the first incident: {cluster.sink.messages[0].firing}")
        incidents.told("nothing fires")
        print_table([incidents.ALL[name](cluster) for name in chosen])
    finally:
        if "--keep" in sys.argv:
            print(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


main()
