#!/usr/bin/python3
"""Docker for real: deploy/Dockerfile built by an engine, deploy/compose.yaml brought up by compose. By hand, as root.

usage: tests/docker/run.py [build] [compose] [jobs]     all three unless told; the last two want the images of the first

The engine (Debian 13's dockerd with BuildKit and compose) runs in a root file system and namespaces of its own, made by mmdebstrap:
nothing is installed, and with the script's end nothing of it runs. It reaches Debian's mirror by slirp4netns. Docker Hub it does not
need: debian:bookworm-slim is made here, and Postgres and Prometheus are Debian's under the names of compose.yaml; Grafana is left out.
Where podman has an image that deploy/image made, it is compared with Docker's, file by file. Each line is what was seen; the first
thing that is not as promised ends it. /var/tmp/pgvigil-docker-<uid> (or PGVIGIL_DOCKER) keeps root file system, images and the cache of
builds for the next run: some 4 GB. Needs mmdebstrap, util-linux, curl, python3-yaml; docs/kubernetes.md has the figures.
"""

import sys
import time

import images
from compose import LIMIT, Compose
from engine import Engine, run, until
from jobs import Jobs


def told(what, figure=""):
    print(f"ok    {what:<86} {figure}", flush=True)


def compare(engine, name):
    mine, other = images.files(engine, name), images.files_of_podman(name)
    if other is None:
        return told(f"{name}: files", f"{len(mine)}")
    odd = sorted(path for path in mine.keys() | other.keys() if mine.get(path) != other.get(path))
    # compiled in another folder, so its build id is another
    for path in odd[:5] if set(odd) > {"usr/bin/pgvigil"} else ():
        print(f"      {path}: {mine.get(path)} by Docker, {other.get(path)} by podman")
    assert set(odd) <= {"usr/bin/pgvigil"}, f"{len(odd)} files differ"
    told(f"{name}: files, of which deploy/image made another", f"{len(mine)}, {' '.join(odd) or 'none'}")


def check_build(engine):
    version = engine.docker("version", "--format", "{{.Server.Version}}")
    told("debian:bookworm-slim is there, made of Debian's packages; the engine", f"Docker {version}")
    seconds, _ = images.build(engine, images.AGENT)
    told("target agent", f"{seconds:.0f} s")
    for major, name in images.JOBS.items():
        seconds, log = images.build(engine, name, "--target", "jobs", "--build-arg", f"POSTGRES={major}")
        assert "Building CXX" not in log, "compiled twice"
        told(f"target jobs, Postgres {major}; nothing is compiled again", f"{seconds:.0f} s")
    seconds, log = images.build(engine, images.AGENT)
    told("target agent again, all of it from the cache", f"{seconds:.1f} s")
    for name in (images.AGENT, *images.JOBS.values()):
        facts = images.facts(engine, name)
        labels = {key.rpartition(".")[2]: value for key, value in facts["Config"]["Labels"].items()}
        assert facts["Config"]["User"] == "65532:65532" and labels["version"] == images.VERSION and labels["revision"], facts
        told(f"{name}: size", f"{facts['Size'] / 1e6:.0f} MB")
        compare(engine, name)
        confined = ("run", "--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")
        words = ["--entrypoint", "/usr/bin/pgvigil", name, "version"]
        assert engine.docker(*confined, *words).startswith(f"pgvigil {images.VERSION}")
    refused = engine.docker("run", "--rm", "--entrypoint", "/bin/sh", images.AGENT, check=False)
    assert refused.returncode == 127, refused
    told("each runs with a read-only root and no capabilities; the agent's has no shell")


def check_compose(engine, compose):
    role = compose.sql("select count(*) > 0 from pg_stat_activity where usename = 'pgvigil' and application_name = 'pgvigil'")
    assert role == "t" and compose.sql("select rolconnlimit from pg_roles where rolname = 'pgvigil'") == "8"
    told("pgvigil is connected as the role that compose.d/10-pgvigil.sh made; /readyz 200")
    compose.wait_for_prometheus()
    [target] = compose.query('up{job="postgres"}')
    assert target["metric"]["instance"] == "pgvigil:9187" and target["value"][1] == "1", target
    rules = compose.rules()
    assert rules and set(rules) == {"ok"}, rules
    told("Prometheus scrapes it; rules that it evaluates, all healthy", f"{len(rules)}")
    filled, panels = compose.panels("pgvigil-instance")
    assert filled > panels / 2, (filled, panels)
    told("panels of the dashboard `instance` that have data", f"{filled} of {panels}")
    for _ in range(50):
        assert engine.ask("http://127.0.0.1:9187/metrics")[0] == 200
    limit, most, kills = compose.memory()
    assert limit == LIMIT and kills == 0 and most <= limit, (limit, most, kills)
    told("memory: the limit, and the most that was used with files that the kernel caches", f"64 MiB, {most / 2**20:.1f} MiB")
    engine.docker("stop", "pgvigil-postgres-1")
    seconds = until(lambda: compose.value("pg_up") == 0, "pg_up is 0")
    engine.docker("start", "pgvigil-postgres-1")
    told("Postgres stopped: pg_up is 0 after, and started: 1 after", f"{seconds:.1f} s, {compose.wait_for_agent():.1f} s")


def check_jobs(engine, compose):
    jobs = Jobs(engine, compose.password())
    try:
        compose.sql("create table orders as select i as id, md5(i::text) as note from generate_series(1, 20000) i")
        done = jobs.run(15, "pgvigil-backup")
        assert done.returncode == 69 and "ends in postgres17" in done.stderr, done.stderr
        told("postgres15 against Postgres 17: a backup is refused, and told which image it takes", "status 69")
        jobs.good(17, "pgvigil-backup")
        jobs.good(17, "pgvigil-restore-drill")
        result = jobs.result()
        assert result["outcome"] == "passed", result
        told("postgres17: backup, and a drill: " + ", ".join(one["name"] for one in result["checks"]), f"{result['restore_seconds']} s")
        jobs.good(17, "pgvigil-pre-migration", "--max-age", "1h")
        told("postgres17: there is a way back before a migration", "status 0")
        jobs.begin_archiving(compose.password())
        done = jobs.drill_archiving(15)
        assert done.returncode == 69 and "the backup is of Postgres 17" in done.stderr, done.stderr
        told("postgres15 and a stanza of Postgres 17: a drill is refused before anything is fetched", "status 69")
        done = jobs.drill_archiving(17)
        result = jobs.result()
        assert done.returncode == 0 and result["outcome"] == "passed", done.stderr
        assert result["source"]["tool"] == "pgbackrest" and result["recovered_until"] > result["backup_finished_at"], result
        told("postgres17: a drill of pgBackRest's, with the WAL after the backup", f"{result['restore_seconds']} s")
    finally:
        jobs.remove()


def main():
    chosen = sys.argv[1:] or ["build", "compose", "jobs"]
    if not set(chosen) <= {"build", "compose", "jobs"}:
        print(__doc__)
        sys.exit(0 if chosen in (["-h"], ["--help"]) else 2)
    began = time.monotonic()
    engine = Engine()
    try:
        engine.clear()
        images.load_bases(engine)
        if "build" in chosen:
            check_build(engine)
        if {"compose", "jobs"} & set(chosen):
            images.load_stand_ins(engine)
            compose = Compose(engine)
            told("compose without passwords: refused, and it names what is missing", compose.refused())
            with compose:
                told("up, Postgres makes its data directory: pg_up is 1 after", f"{compose.wait_for_agent():.1f} s")
                if "compose" in chosen:
                    check_compose(engine, compose)
                if "jobs" in chosen:
                    check_jobs(engine, compose)
            assert not engine.left(), engine.left()
            told("`down --volumes` leaves no container, no volume, no network")
    finally:
        engine.stop()
    told("all of it, in one run", f"{time.monotonic() - began:.0f} s")


main()
