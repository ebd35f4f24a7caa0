"""What burdens pgvigil in its pod: many tables, and clients that scrape as fast as they are answered. And what it took."""

import os
import pathlib
import re
import subprocess
import threading
import time

from node import run

PROGRAMS = "/usr/lib/postgresql/15/bin"


def sql(pod, text):
    """Runs it as the superuser, in the container of Postgres."""
    run("podman", "exec", "--interactive", pod.container("postgres"), f"{PROGRAMS}/psql", "--host=/var/run/postgresql",
        "--username=postgres", "--quiet", "--output=/dev/null", given=text)  # fmt: skip


def create_tables(pod, count):
    sql(pod, f"""set synchronous_commit = off;
        select format('create table t%s (id int primary key, a int, b int); create index on t%s (a);
        create index on t%s (b); insert into t%s values (1, 2, 3)', i, i, i, i) from generate_series(1, {count}) i \\gexec
        select format('select * from t%s', i) from generate_series(1, {count}) i \\gexec
        analyze;""")


class Hammer:
    """Clients that scrape as fast as they are answered: with gzip and without, both formats."""

    KINDS = (["--compressed"], [], ["--compressed", "--header", "Accept: application/openmetrics-text"],
             ["--header", "Accept: application/openmetrics-text"])  # fmt: skip

    def __init__(self, pod):
        self._over, self.answers, self._url = threading.Event(), [], f"http://{pod.address}:9187/metrics#[1-20]"
        self._threads = [threading.Thread(target=self._ask, args=(kind,)) for kind in self.KINDS * 2]
        for thread in self._threads:
            thread.start()

    def _ask(self, words):
        told_of = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{size_download} "]
        while not self._over.is_set():
            done = subprocess.run(["curl", *told_of, *words, self._url], capture_output=True, text=True, check=False)
            found = done.stdout.split()
            self.answers += list(zip(found[::2], map(int, found[1::2])))

    def stop(self):
        """(status, bytes) of every answer."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.answers


class Meter:
    """Reads the memory of a container's cgroup, of version 1 or 2, ten times a second, and keeps the most of each kind."""

    # What the processes have for themselves, and what the kubelet calls the working set: all but files that are easily dropped.
    OWN, INACTIVE = ("total_rss", "anon"), ("total_inactive_file", "inactive_file")

    def __init__(self, pid):
        self._folder = self._find(pid)
        self.own = self.working_set = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @staticmethod
    def _find(pid):
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for folder in (f"/sys/fs/cgroup/memory{path}", f"/sys/fs/cgroup{path}"):
                file = os.path.join(folder, "memory.stat")
                if ("memory" in controllers.split(",") or not controllers) and os.path.exists(file):
                    return pathlib.Path(folder)
        raise SystemExit(f"FAILED: no cgroup with a memory controller for {pid}")

    def _number(self, *names):
        for name in names:
            if (self._folder / name).exists():
                return int((self._folder / name).read_text())
        raise SystemExit(f"FAILED: {self._folder} has none of {names}")

    def _read(self):
        while not self._over.is_set():
            stat = dict(line.split() for line in (self._folder / "memory.stat").read_text().splitlines())
            own, inactive = (int(next(stat[name] for name in names if name in stat)) for names in (self.OWN, self.INACTIVE))
            used = self._number("memory.usage_in_bytes", "memory.current")
            self.own, self.working_set = max(self.own, own), max(self.working_set, used - inactive)
            time.sleep(0.1)

    def peak(self):
        """The most of all, with what the kernel caches of files; it drops those when the limit is near."""
        return self._number("memory.max_usage_in_bytes", "memory.peak")

    def kills(self):
        """How often the kernel ended a process because of the limit."""
        for name in ("memory.oom_control", "memory.events"):
            if (self._folder / name).exists():
                found = re.search(r"^oom_kill (\d+)$", (self._folder / name).read_text(), re.MULTILINE)
                return int(found[1]) if found else 0
        return 0

    def stop(self):
        self._over.set()
        self._thread.join()
