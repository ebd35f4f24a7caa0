"""A node for pods: a bridge in a network namespace of its own, and pods of podman on it, each with an address."""

import json
import os
import pathlib
import subprocess
import sys
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SUBNET = "10.88.77"
HUB = f"{SUBNET}.1"
ENVIRONMENT = {**os.environ, "CONTAINERS_CONF": str(HERE / "containers.conf"), "BUILDAH_ISOLATION": "chroot"}


def enter_own_network(prepare):
    """Runs this script once more, in a network of its own: with its end the bridge is gone. `prepare` runs before, where there are
    Debian's mirrors."""
    if not os.environ.get("PGVIGIL_POD_INSIDE"):
        prepare()
        os.environ["PGVIGIL_POD_INSIDE"] = "yes"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    for words in (["link", "set", "lo", "up"], ["link", "add", "bridge", "type", "bridge"],
                  ["address", "add", f"{HUB}/24", "dev", "bridge"], ["link", "set", "bridge", "up"]):  # fmt: skip
        run("ip", *words)


def run(*words, check=True, given=None):
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False, input=given)
    if check and done.returncode:
        raise SystemExit(f"FAILED: {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def until(condition, what, seconds=60):
    """Seconds until the condition held."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if condition():
            return time.monotonic() - start
        time.sleep(0.1)
    raise SystemExit(f"FAILED: waited {seconds} s in vain until {what}")


def told(what, figure=""):
    print(f"ok    {what:<78} {figure}", flush=True)


class Pod:
    """A pod that podman plays, with an address on the bridge."""

    def __init__(self, spec, number, folder):
        """`spec` is a Pod of Kubernetes; `number` is the last one of its address."""
        self.name, self.address = spec["metadata"]["name"], f"{SUBNET}.{number}"
        self._file = folder / f"{self.name}.yaml"
        self._file.write_text(yaml.safe_dump(spec))
        try:
            run("podman", "kube", "play", "--network", "none", "--start=false", str(self._file))
            self._connect(number)
            run("podman", "pod", "start", self.name)
        except BaseException:
            self.remove()
            raise

    def _connect(self, number):
        """podman 4.3 gives a pod no network but one of its own: it is plugged in when that one is there, before the rest starts."""
        infra = run("podman", "pod", "inspect", self.name, "--format", "{{.InfraContainerID}}")
        run("podman", "start", infra)
        pid = run("podman", "inspect", "--format", "{{.State.Pid}}", infra)
        run("ip", "link", "add", f"pod{number}", "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", f"pod{number}", "master", "bridge", "up")
        run("nsenter", "--net", "--target", pid, "ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        run("nsenter", "--net", "--target", pid, "ip", "link", "set", "eth0", "up")

    def container(self, name):
        return f"{self.name}-{name}"

    def state(self, name):
        return json.loads(run("podman", "inspect", self.container(name)))[0]

    def pid(self, name):
        return self.state(name)["State"]["Pid"]

    def exit_status(self, name, seconds=300):
        """Waits for the end of a container."""
        until(lambda: self.state(name)["State"]["Status"] in ("exited", "stopped"), f"{name} has ended", seconds)
        return self.state(name)["State"]["ExitCode"]

    def logs(self, name, lines=20):
        done = subprocess.run(["podman", "logs", "--tail", str(lines), self.container(name)], env=ENVIRONMENT,
                              capture_output=True, text=True, check=False)  # fmt: skip
        return done.stdout + done.stderr

    def ask(self, path, port=9187):
        """(status, body) of an address, asked as the kubelet and Prometheus do: from outside the pod."""
        url = f"http://{self.address}:{port}{path}"
        text = run("curl", "--silent", "--compressed", "--max-time", "20", "--write-out", "\n%{http_code}", url, check=False)
        body, _, status = text.rpartition("\n")
        return int(status or 0), body

    def value(self, name):
        """Of the first series whose line begins with `name`; None where there is none."""
        found = [line.rsplit(" ", 1)[1] for line in self.ask("/metrics")[1].splitlines() if line.startswith(name)]
        return float(found[0]) if found else None

    def remove(self):
        run("podman", "kube", "down", str(self._file), check=False)
        run("podman", "pod", "rm", "--force", self.name, check=False)


def once(spec, number, folder):
    """Plays a pod that ends: its exit status, and what it said."""
    [container] = spec["spec"]["containers"]
    pod = Pod(spec, number, folder)
    try:
        return pod.exit_status(container["name"]), pod.logs(container["name"], 40)
    finally:
        pod.remove()


def again(spec):
    """The same pod by another name."""
    spec["metadata"]["name"] += "-again"
    return spec
