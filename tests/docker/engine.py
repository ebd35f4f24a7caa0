"""Docker's engine, Debian 13's, where none runs: in a root file system and namespaces of its own, its network by slirp4netns."""

import json
import os
import pathlib
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
PLACE = pathlib.Path(os.environ.get("PGVIGIL_DOCKER", f"/var/tmp/pgvigil-docker-{os.getuid()}"))
PACKAGES = "docker.io,docker-cli,docker-buildx,docker-compose,iptables,iproute2,slirp4netns,ca-certificates"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def run(*words, check=True, given=None):
    """What it said on stdout, without the last line's end; given check=False the finished process."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, input=given)
    if not check:
        return done
    if done.returncode:
        raise SystemExit(f"FAILED: {' '.join(map(str, words))}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


def until(condition, what, seconds=120):
    """Seconds until the condition held."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.2)
    raise SystemExit(f"FAILED: waited {seconds} s in vain until {what}")


def debian(release, place, *words, sources=()):
    """Makes a minimal root file system, or an archive of one, unless it is there; `sources` is a file of apt's."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f"draft-{place.name}")
        run("rm", "-rf", draft)
        run("nice", "mmdebstrap", "--mode=root", "--variant=minbase", '--aptopt=APT::Install-Recommends "false"', *words,
            release, draft, *sources)  # fmt: skip
        draft.rename(place)


class Engine:
    """Images and the cache of builds stay in its folder from run to run."""

    def __init__(self):
        root = PLACE / "engine"
        debian("trixie", root, f"--include={PACKAGES}")
        (root / "etc/resolv.conf").write_text("nameserver 10.0.2.3\n")
        self._log = open(PLACE / "dockerd.log", "w", encoding="utf-8")  # pylint: disable=consider-using-with
        self._begun = []
        try:
            # dockerd gives its containerd fifteen seconds, which are few on a machine that has much to do
            if not any(self._answers(root) for _ in range(5)):
                raise SystemExit(f"FAILED: dockerd does not answer, see {self._log.name}")
            self._begin("nsenter", "--target", self._init, "--mount", "slirp4netns", "--configure", "--mtu=1500",
                        "--disable-host-loopback", "1", "tap0")  # fmt: skip
        except BaseException:
            self.stop()
            raise

    def _answers(self, root):
        """Whether the daemon that this begins is there at last."""
        self._begun = []
        self._begin("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
                    HERE / "begin-engine", root, REPOSITORY, "--storage-driver=overlay2")  # fmt: skip
        [daemon] = self._begun
        children = pathlib.Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
        until(lambda: children.read_text().split(), "the engine's namespaces are there")
        self._init = children.read_text().split()[0]
        until(lambda: daemon.poll() is not None or self.docker("info", check=False).returncode == 0, "dockerd answers or ends")
        return daemon.poll() is None

    def _begin(self, *words):
        self._begun.append(subprocess.Popen(words, stdout=self._log, stderr=self._log, start_new_session=True))

    def _inside(self, *words):
        return ("nsenter", "--target", self._init, "--mount", "--net", "--pid", f"--wdns={REPOSITORY}",
                "env", "-i", f"PATH={PATH}", "HOME=/root", *words)  # fmt: skip

    def docker(self, *words, **how):
        return run(*self._inside("docker", *words), **how)

    def left(self):
        """Containers, volumes and networks of somebody's, by their names."""
        found = {}
        lists = {"container": ["ps", "--all"], "volume": ["volume", "ls"], "network": ["network", "ls", "--filter=type=custom"]}
        for kind, words in lists.items():
            found |= {name: kind for name in self.docker(*words, "--quiet").split()}
        return found

    def clear(self):
        """Removes what a run that was killed has left."""
        for name, kind in self.left().items():
            self.docker(kind, "rm", "--force", *(["--volumes"] if kind == "container" else []), name, check=False)

    def stream(self, *words):
        """A process whose stdout is read while it runs."""
        return subprocess.Popen(self._inside("docker", *words), stdout=subprocess.PIPE)

    def ask(self, url):
        """(status, body) of an address of its network; status 0 where nobody answers."""
        done = run("nsenter", "--net", "--target", self._init, "curl", "--silent", "--max-time", "20", "--globoff",
                   "--write-out", "\n%{http_code}", url, check=False)  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def json(self, url):
        status, body = self.ask(url)
        return json.loads(body) if status == 200 else None

    def stop(self):
        """The daemon ends its containers; with the first process of the namespace all else in it ends."""
        if self._begun and self._begun[0].poll() is None and hasattr(self, "_init"):
            run("kill", "-TERM", self._init, check=False)
            try:
                self._begun[0].wait(30)
            except subprocess.TimeoutExpired:
                pass
        for one in self._begun:
            if one.poll() is None:
                one.kill()
            one.wait()
        self._log.close()
