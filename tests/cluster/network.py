"""Hosts of a cluster, each a network namespace of its own on one bridge, below the namespace of the process that asks."""

import concurrent.futures
import ctypes
import http.client
import json
import os
import pathlib
import subprocess
import sys

SUBNET = "10.99.0"
HUB = f"{SUBNET}.254"
CLONE_NEWNET = 0x40000000  # linux/sched.h


def enter_own_namespaces():
    """Runs this script once more, as root of namespaces of its own: with its end all hosts and processes are gone."""
    if os.environ.get("PGVIGIL_CLUSTER_INSIDE"):
        return
    os.environ["PGVIGIL_CLUSTER_INSIDE"] = "yes"
    # The shell is the first process there, and takes the exit status of orphans: Patroni waits for its postmaster's.
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          "sh", "-c", '"$@"; exit $?', "sh", sys.executable, *sys.argv])  # fmt: skip


def run(*words):
    subprocess.run(words, check=True)


def build():
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "address", "add", f"{HUB}/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")


class Host:
    """A host with its name and its address."""

    def __init__(self, number):
        self.name, self.address = f"node{number}", f"{SUBNET}.{number}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self.name, "master", "bridge")
        self.connect()
        for words in (["link", "set", "lo", "up"], ["link", "set", "eth0", "up"],
                      ["address", "add", f"{self.address}/24", "dev", "eth0"]):  # fmt: skip
            run("ip", "-n", self.name, *words)
        self._asks = concurrent.futures.ThreadPoolExecutor(1, initializer=self._enter)

    def connect(self):
        run("ip", "link", "set", self.name, "up")

    def cut_off(self):
        """Nothing reaches it any more, and it reaches nothing."""
        run("ip", "link", "set", self.name, "down")

    def words(self, *words, user="postgres"):
        """The words of a command that runs there as that user."""
        return ["ip", "netns", "exec", self.name, "runuser", "-u", user, "--", *words]

    def _enter(self):
        """The thread that asks is there, and stays: a process for each question takes longer than the answer on a busy machine."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{self.name}", "rb") as file:
            if libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"{self.name} cannot be entered")

    def get(self, port, path):
        """(status, body) of an address there, asked from itself; (0, "") where nothing answers."""
        return self._asks.submit(self._get, port, path).result()

    def _get(self, port, path):
        connection = http.client.HTTPConnection(self.address, port, timeout=3)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def json(self, port, path):
        status, body = self.get(port, path)
        return json.loads(body) if status else {}
