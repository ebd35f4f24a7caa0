#!/usr/bin/python3
"""A real pod: the chart's own demo, Postgres and pgvigil as two containers, by `podman kube play`. Run by hand, as root.

usage: tests/pod/run.py IMAGE [TABLES]    for example after deploy/image: localhost/pgvigil:0.1.0

TABLES is how many tables, of three indexes each, Postgres has while pgvigil is hammered: 10000 unless told.
It prints what it saw, a line each, and fails at the first that is not as promised. docs/kubernetes.md has the figures. Needs
helm (tests/lib/kube_tools), podman, buildah, mmdebstrap, curl, nsenter. podman 4.3 has no Services, no fsGroup and ignores
probes where there is no systemd, so this script asks the probes' addresses itself, from inside the pod's network.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))
from support import helm  # noqa: E402  pylint: disable=wrong-import-position

POSTGRES = "localhost/pgvigil-test-postgres:15"
ENVIRONMENT = {**os.environ, "CONTAINERS_CONF": str(HERE / "containers.conf"), "BUILDAH_ISOLATION": "chroot"}
POD = "pgvigil-demo"
PROGRAMS = "/usr/lib/postgresql/15/bin"


def run(*words, check=True, given=None):
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False, input=given)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def until(condition, what, seconds=60):
    """Seconds until the condition held."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.1)
    raise SystemExit(f"FAILED: waited {seconds} s in vain until {what}")


def told(what):
    print(f"ok    {what}", flush=True)


def build_postgres():
    """An image of Debian's Postgres, unless there is one already."""
    if subprocess.run(["podman", "image", "exists", POSTGRES], env=ENVIRONMENT, check=False).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        run("mmdebstrap", "--variant=essential", "--mode=root", "--include=postgresql-15",
            "--aptopt=APT::Install-Recommends \"false\"", "bookworm", f"{folder}/root.tar")  # fmt: skip
        container = run("buildah", "from", "scratch")
        run("buildah", "add", "--quiet", container, f"{folder}/root.tar", "/")
        run("buildah", "add", "--quiet", "--chmod", "0755", container, str(HERE / "postgres-entrypoint"), "/entrypoint")
        run("buildah", "config", "--entrypoint", '["/entrypoint"]', "--stop-signal", "SIGINT", container)
        run("buildah", "commit", "--quiet", "--rm", container, POSTGRES)


def rendered(image):
    """The objects that podman plays: the pod of the chart's StatefulSet, its ConfigMaps and its Secret."""
    name, tag = image.rsplit(":", 1)
    chosen = f"image.repository={name},image.tag={tag},image.pullPolicy=Never,demo.image={POSTGRES}"
    done = helm.template("demo", "--set", chosen)
    if done.returncode:
        raise SystemExit(done.stderr)
    objects = helm.objects(done.stdout)
    [stateful] = [one for one in objects if one["kind"] == "StatefulSet"]
    secrets = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Secret"}
    template = stateful["spec"]["template"]
    for container in template["spec"]["containers"]:
        del container["ports"]  # podman maps them, which takes a bridge
        container.pop("livenessProbe", None)  # named ports are gone; see above
        container.pop("readinessProbe", None)
        container["imagePullPolicy"] = "Never"
        container["env"] = [one for one in container.get("env", []) if "valueFrom" not in one] + [
            {"name": "POD_NAME", "value": POD}  # podman has no downward API
        ]
    return template, [one for one in objects if one["kind"] == "ConfigMap"], secrets


def play(image, folder):
    template, config_maps, secrets = rendered(image)
    for volume in template["spec"]["volumes"]:
        if "secret" in volume:  # podman 4.3 knows no volumes of Secrets in a pod: folders instead
            place = folder / volume["name"]
            place.mkdir(mode=0o755)
            for key, text in secrets[volume.pop("secret")["secretName"]]["data"].items():
                (place / key).write_bytes(base64.b64decode(text))
            volume["hostPath"] = {"path": str(place), "type": "Directory"}
        elif "emptyDir" in volume:  # podman has no fsGroup: as Kubernetes would make it
            place = folder / volume["name"]
            place.mkdir()
            place.chmod(0o777)
            del volume["emptyDir"]
            volume["hostPath"] = {"path": str(place), "type": "Directory"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, **template["metadata"]}, "spec": template["spec"]}
    pod["metadata"]["name"] = POD
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump_all([*config_maps, pod]))
    run("podman", "kube", "play", "--network", "none", str(file))
    return file


class Pod:
    """What one can ask of the running pod."""

    def __init__(self):
        self.agent, self.postgres = f"{POD}-pgvigil", f"{POD}-postgres"

    def pid(self, container):
        return int(run("podman", "inspect", "--format", "{{.State.Pid}}", container))

    def ask(self, path, packed=False):
        """(status, body) of an address, from inside the pod's network."""
        words = ["curl", "--silent", "--max-time", "5", "--write-out", "\n%{http_code}", *(["--compressed"] if packed else [])]
        text = run("nsenter", "--net", "--target", str(self.pid(self.agent)), *words, f"http://127.0.0.1:9187{path}", check=False)
        body, _, status = text.rpartition("\n")
        return int(status or 0), body

    def value(self, name):
        found = [line.rsplit(" ", 1)[1] for line in self.ask("/metrics")[1].splitlines() if line.startswith(name)]
        return float(found[0]) if found else None

    def state(self, container):
        return json.loads(run("podman", "inspect", container))[0]


def check_confinement(pod):
    status = pathlib.Path(f"/proc/{pod.pid(pod.agent)}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["65532"] * 4, facts["Uid"]
    assert int(facts["CapEff"], 16) == 0 and facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", facts
    told("pgvigil runs as 65532, without capabilities, without new privileges, under seccomp")
    assert pod.state(pod.agent)["HostConfig"]["ReadonlyRootfs"] and pod.state(pod.postgres)["HostConfig"]["ReadonlyRootfs"]
    told("both root file systems are read-only")
    limit = pod.state(pod.agent)["HostConfig"]["Memory"]
    assert limit == 64 * 1024 * 1024, limit
    told("pgvigil's memory limit is 64 MiB")


def check_scrape(pod):
    seconds = until(lambda: pod.value("pg_up") == 1, "pg_up is 1")
    told(f"pg_up is 1 after {seconds:.1f} s")
    until(lambda: pod.ask("/readyz")[0] == 200, "/readyz answers 200")
    assert pod.ask("/livez")[0] == 200
    series = [line for line in pod.ask("/metrics")[1].splitlines() if line and line[0] != "#"]
    assert any(f'pod="{POD}"' in line for line in series), "no label of the environment"
    told(f"{len(series)} series, with the pod's name as a label; /livez and /readyz answer 200")


def check_outage(pod):
    """Postgres goes and comes: pgvigil is alive all the time, in the same process."""
    pid = pod.pid(pod.agent)
    run("podman", "stop", "--time", "20", pod.postgres)
    seconds = until(lambda: pod.value("pg_up") == 0, "pg_up is 0")
    for _ in range(20):
        assert pod.ask("/livez")[0] == 200
        time.sleep(0.1)
    told(f"Postgres stopped: pg_up is 0 after {seconds:.1f} s, /livez stays 200")
    run("podman", "start", pod.postgres)
    seconds = until(lambda: pod.value("pg_up") == 1, "pg_up is 1 again")
    assert pod.pid(pod.agent) == pid and pod.state(pod.agent)["RestartCount"] == 0
    told(f"Postgres started: pg_up is 1 again after {seconds:.1f} s, in the same process, without a restart")


def cgroup_peak(pid):
    """The most memory that the container has had, page cache included, in bytes."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for file in (f"/sys/fs/cgroup/memory{path}/memory.max_usage_in_bytes", f"/sys/fs/cgroup{path}/memory.peak"):
            if ("memory" in controllers.split(",") or not controllers) and os.path.exists(file):
                return int(pathlib.Path(file).read_text())
    raise SystemExit(f"FAILED: no cgroup with a memory controller for {pid}")


def create_tables(pod, count):
    made = f"""set synchronous_commit = off;
        select format('create table t%s (id int primary key, a int, b int); create index on t%s (a);
        create index on t%s (b); insert into t%s values (1, 2, 3)', i, i, i, i) from generate_series(1, {count}) i \\gexec
        select format('select * from t%s', i) from generate_series(1, {count}) i \\gexec
        analyze;"""
    words = ["podman", "exec", "--interactive", pod.postgres, f"{PROGRAMS}/psql", "--host=/var/run/postgresql", "--username=postgres", "--quiet", "--output=/dev/null"]
    run(*words, given=made)


class Hammer:
    """Clients that scrape as fast as they are answered: with gzip and without, both formats."""

    KINDS = (["--compressed"], [], ["--compressed", "--header", "Accept: application/openmetrics-text"],
             ["--header", "Accept: application/openmetrics-text"])  # fmt: skip

    def __init__(self, pod):
        self._over, self.answers = threading.Event(), []
        self._net = ["nsenter", "--net", "--target", str(pod.pid(pod.agent))]
        self._threads = [threading.Thread(target=self._ask, args=(kind,)) for kind in self.KINDS * 2]
        for thread in self._threads:
            thread.start()

    def _ask(self, words):
        told_of = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{size_download} "]
        url = "http://127.0.0.1:9187/metrics#[1-20]"
        while not self._over.is_set():
            done = subprocess.run([*self._net, "curl", *told_of, *words, url], capture_output=True, text=True, check=False)
            found = done.stdout.split()
            self.answers += list(zip(found[::2], map(int, found[1::2])))

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.answers


def check_memory(pod, tables):
    """Scrapes as fast as they come, while the collectors work: the container's own cgroup says what was the most."""
    create_tables(pod, tables)
    until(lambda: (pod.value("pgvigil_collector_rows{collector=\"stat_user_tables\"") or 0) >= tables, "all tables are seen", 400)
    hammer = Hammer(pod)
    time.sleep(60)
    answers = hammer.stop()
    assert answers and {status for status, _ in answers} == {"200"}, answers
    state, peak = pod.state(pod.agent), cgroup_peak(pod.pid(pod.agent))
    assert not state["State"]["OOMKilled"] and state["RestartCount"] == 0
    assert pod.value("pgvigil_worker_restarts_total") == 0
    told(f"{tables} tables: {len(answers)} scrapes of up to {max(size for _, size in answers) / 1e6:.1f} MB by 8 clients in 60 s")
    told(f"the container's cgroup never held more than {peak / 2**20:.1f} MiB of its 64")


def check_end(pod):
    start = time.monotonic()
    run("podman", "stop", "--time", "10", pod.agent)
    seconds, code = time.monotonic() - start, pod.state(pod.agent)["State"]["ExitCode"]
    assert code == 0 and seconds < 2, (code, seconds)
    told(f"SIGTERM ended it in {seconds:.1f} s with status 0")


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    image, tables = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    build_postgres()
    with tempfile.TemporaryDirectory(prefix="pgvigil-pod-") as folder:
        os.chmod(folder, 0o755)
        file = play(image, pathlib.Path(folder))
        try:
            pod = Pod()
            for check in (check_scrape, check_confinement, check_outage):
                check(pod)
            check_memory(pod, tables)
            check_end(pod)
        except BaseException:
            print(run("podman", "logs", "--tail", "20", f"{POD}-pgvigil", check=False))
            print(run("podman", "logs", "--tail", "20", f"{POD}-postgres", check=False))
            raise
        finally:
            run("podman", "kube", "down", str(file), check=False)
            run("podman", "pod", "rm", "--force", POD, check=False)


main()
