#!/usr/bin/python3
"""A real pod: the chart's own demo, Postgres and pgvigil as two containers, by podman, and the chart's jobs beside it. By hand, as root.

usage: tests/pod/run.py IMAGE JOBS-IMAGE [TABLES]
       for example after deploy/image and deploy/image --jobs --postgres 15:
       tests/pod/run.py localhost/pgvigil:0.1.0 localhost/pgvigil-jobs:0.1.0-postgres15

TABLES is how many tables, of three indexes each, Postgres has while pgvigil is hammered: 10000 unless told.
Before that, tools.py: sets that age and gpg encrypt, and a stanza of pgBackRest, made and restored by the chart's jobs.
All in one run; it prints a line for everything that it saw, and fails at the first that is not as promised. docs/kubernetes.md
has the figures. Needs helm (tests/lib/kube_tools), podman, buildah, mmdebstrap, curl, iproute2, age, gpg, openssl. podman 4.3 has no Services, no
fsGroup and ignores probes where there is no systemd, so this script asks the probes' addresses itself, from outside the pod.
"""

import json
import os
import pathlib
import sys
import tempfile
import time

from chart import DEMO_ADDRESS, POSTGRES, Chart, build_postgres, folder_for_all
from load import Hammer, Meter, create_tables, sql
from node import HUB, Pod, again, enter_own_network, once, run, told, until
from tools import check_tools

from support.sink import Sink

MEBIBYTE = 2**20
LIMIT = 64 * MEBIBYTE
VALUES = """
mode: demo
image: {{repository: {0[0]}, tag: "{0[1]}", pullPolicy: Never}}
demo: {{image: "{postgres}"}}
receivers: {{hook: {{type: webhook, url: "http://sink:{port}/"}}}}
settings: {{notify: {{group_wait: 1s}}}}
backups:
  - {{tool: dumps, directory: /var/lib/pgvigil-backup, drills: /var/lib/pgvigil-backup/drills, every: 2s}}
jobs:
  image: {{repository: {1[0]}, tag: "{1[1]}", pullPolicy: Never}}
  volume: {{hostPath: {{path: "{backups}", type: Directory}}}}
  backup: {{enabled: true}}
  restoreDrill: {{enabled: true}}
  preflight: {{enabled: true, args: [--max-age, 1h]}}
"""


def check_scrape(pod, **_):
    seconds = until(lambda: pod.value("pg_up") == 1, "pg_up is 1")
    told("the pod starts, Postgres makes its data directory: pg_up is 1 after", f"{seconds:.1f} s")
    until(lambda: pod.ask("/readyz")[0] == 200, "/readyz answers 200")
    assert pod.ask("/livez")[0] == 200
    series = [line for line in pod.ask("/metrics")[1].splitlines() if line and line[0] != "#"]
    assert any('pod="pgvigil-demo"' in line for line in series), "no label of the environment"
    told("scraped from outside the pod, with its name as a label; /livez, /readyz 200", f"{len(series)} series")


def check_confinement(pod, **_):
    status = pathlib.Path(f"/proc/{pod.pid('pgvigil')}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["65532"] * 4, facts["Uid"]
    assert int(facts["CapEff"], 16) == 0 and facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", facts
    told("no capabilities, no new privileges, under seccomp", "uid 65532")
    assert all(pod.state(name)["HostConfig"]["ReadonlyRootfs"] for name in ("pgvigil", "postgres"))
    told("both root file systems are read-only")
    assert pod.state("pgvigil")["HostConfig"]["Memory"] == LIMIT
    assert pod.value("pgvigil_history_limit_bytes") == LIMIT / 8
    told("pgvigil's memory limit, which it has seen: its past takes an eighth of it", "64 MiB")


def check_helm_test(chart, folder, **_):
    status, said = once(chart.test(), 10, folder)
    assert status == 0, said
    told("the pod of `helm test`", "status 0")


def check_outage(pod, **_):
    """Postgres goes and comes: pgvigil is alive all the time, in the same process."""
    pid = pod.pid("pgvigil")
    run("podman", "stop", "--time", "20", pod.container("postgres"))
    seconds = until(lambda: pod.value("pg_up") == 0, "pg_up is 0")
    for _ in range(20):
        assert pod.ask("/livez")[0] == 200
        time.sleep(0.1)
    told("Postgres stopped, /livez stays 200: pg_up is 0 after", f"{seconds:.1f} s")
    run("podman", "start", pod.container("postgres"))
    seconds = until(lambda: pod.value("pg_up") == 1, "pg_up is 1 again")
    assert pod.pid("pgvigil") == pid and pod.state("pgvigil")["RestartCount"] == 0
    told("Postgres started, pgvigil is the same process: pg_up is 1 again after", f"{seconds:.1f} s")


def check_jobs(pod, chart, folder, sink, backups, **_):
    """The gate refuses, a backup is made, the drill restores it, the gate opens; the agent sees it, and people are told."""
    status, said = once(chart.job("preflight"), 11, folder)
    assert status == 3, (status, said)
    told("job preflight before there is a backup: refused", "status 3")
    sql(pod, "create table orders as select i as id, md5(i::text) as note from generate_series(1, 20000) i; analyze")
    status, said = once(chart.job("backup"), 12, folder)
    assert status == 0, said
    [published] = [path for path in backups.iterdir() if (path / "manifest.json").exists()]
    manifest = json.loads((published / "manifest.json").read_text())
    told("job backup publishes a dump set", f"{len(manifest['files'])} files")
    status, said = once(chart.job("restore-drill"), 13, folder)
    assert status == 0, said
    [result] = [json.loads(path.read_text()) for path in (backups / "drills").glob("*.json")]
    assert result["outcome"] == "passed" and {one["outcome"] for one in result["checks"]} == {"passed"}, result
    told("job restore-drill passes: " + ", ".join(one["name"] for one in result["checks"]), f"{result['restore_seconds']} s")
    until(lambda: pod.value("pgvigil_backup_restore_drill_passed") == 1, "the agent sees the drill's result")
    told("the agent beside Postgres sees set and drill in the volume that they share")
    status, said = once(again(chart.job("preflight")), 14, folder)
    assert status == 0, said
    told("job preflight with a fresh backup: there is a way back", "status 0")
    bodies = [json.loads(body) for _, _, body in sink.requests]
    programs = {alert["labels"].get("program") for body in bodies for alert in body["alerts"]}
    wanted = {"pgvigil-pre-migration", "pgvigil-backup", "pgvigil-restore-drill"}
    assert wanted <= programs, programs
    told("the agent's receiver was told by each of the three programs", "webhook")


def rows(pod, collector):
    """How many the collector has found."""
    lines = pod.ask("/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith("pgvigil_collector_rows{") and f'collector="{collector}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def check_memory(pod, tables, **_):
    """Scrapes as fast as they come, while the collectors work: the container's own cgroup says what was the most."""
    meter = Meter(pod.pid("pgvigil"))
    create_tables(pod, tables)
    seconds = until(lambda: rows(pod, "stat_user_tables") >= tables, "all tables are collected", 900)
    told(f"{tables} tables with three indexes each are collected after", f"{seconds:.0f} s")
    hammer = Hammer(pod)
    time.sleep(60)
    answers = hammer.stop()
    meter.stop()
    told("8 clients, half without gzip, half for OpenMetrics, for 60 s: scrapes", f"{len(answers)}")
    told("the largest of their answers", f"{max(size for _, size in answers) / 1e6:.1f} MB")
    told("memory of pgvigil's processes at the most, tables being made to the end", f"{meter.own / MEBIBYTE:.1f} MiB")
    told("working set (what the kubelet looks at) at the most", f"{meter.working_set / MEBIBYTE:.1f} MiB")
    told("with all that the kernel cached of files, which it drops at the limit", f"{meter.peak() / MEBIBYTE:.1f} MiB")
    assert not pod.state("pgvigil")["State"]["OOMKilled"] and meter.kills() == 0, "the kernel ended a process of pgvigil's"
    until(lambda: pod.value("pgvigil_worker_restarts_total") is not None, "it is scraped after the load")
    assert pod.value("pgvigil_worker_restarts_total") == 0
    assert answers and {status for status, _ in answers} == {"200"}, {status for status, _ in answers}


def check_end(pod, chart, folder, **_):
    start = time.monotonic()
    run("podman", "stop", "--time", "10", pod.container("pgvigil"))
    seconds, code = time.monotonic() - start, pod.state("pgvigil")["State"]["ExitCode"]
    assert code == 0 and seconds < 2, (code, seconds)
    told("SIGTERM ended it with status 0 after", f"{seconds:.1f} s")
    status, said = once(again(chart.test()), 15, folder)
    assert status != 0, said
    told("the pod of `helm test`, now that there is no pgvigil: it fails", f"status {status}")


def check_all(images, tables, folder):
    backups = pathlib.Path(folder_for_all(folder / "backups"))
    sink = Sink(host=HUB)
    chart = Chart(VALUES.format(*images, postgres=POSTGRES, port=sink.port, backups=backups), folder)
    pod = Pod(chart.demo(), DEMO_ADDRESS, folder)
    given = {"pod": pod, "chart": chart, "folder": folder, "sink": sink, "backups": backups, "tables": tables}
    try:
        for check in (check_scrape, check_confinement, check_helm_test, check_outage, check_jobs, check_memory, check_end):
            check(**given)
    except BaseException:
        print(pod.logs("pgvigil"), pod.logs("postgres"))
        raise
    finally:
        pod.remove()


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    enter_own_network(build_postgres)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pgvigil-pod-") as folder:
        os.chmod(folder, 0o755)
        images = [image.rsplit(":", 1) for image in sys.argv[1:3]]
        check_tools(images, pathlib.Path(folder_for_all(f"{folder}/tools")))
        check_all(images, int(sys.argv[3]) if len(sys.argv) > 3 else 10_000, pathlib.Path(folder))
    told("all of it, in one run", f"{time.monotonic() - began:.0f} s")


main()
