"""Child processes: started with their output in a file, always stopped by their own pid."""

import os
import signal
import subprocess

from .waiting import Hopeless, until


def children_of(pid):
    """The pids of all descendants that live now."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    parents.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(entry))
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        here = parents.get(waiting.pop(), [])
        found += here
        waiting += here
    return found


def is_alive(pid):
    """Whether the process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def signal_if_alive(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Process:
    """One child in a session of its own; its output goes to `log`."""

    def __init__(self, words, log, env=None, cwd="/"):
        self.log = log
        with open(log, "ab") as output:
            self._child = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._child.pid

    def running(self):
        return self._child.poll() is None

    def send(self, number):
        if self.running():
            self._child.send_signal(number)

    def wait(self, seconds=60):
        """The exit status; negative for a signal."""
        return self._child.wait(timeout=seconds)

    def stop(self, first=signal.SIGTERM, seconds=20):
        """Asks with `first`, and kills it with its descendants when that is not heard."""
        if not self.running():
            return self._child.returncode
        family = children_of(self.pid)
        for pid in [self.pid, *family]:
            signal_if_alive(pid, signal.SIGCONT)
        self.send(first)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in [self.pid, *children_of(self.pid), *family]:
                signal_if_alive(pid, signal.SIGKILL)
            return self.wait()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_started(self, condition, name, seconds=60):
        """Waits until `condition` is true; fails with the log when the process ends or never comes so far."""

        def check():
            if not self.running():
                raise Hopeless(f"{name} has ended with {self._child.returncode}:\n{self.text()}")
            return condition()

        try:
            until(check, f"{name} has started", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from error
