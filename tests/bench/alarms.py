#!/usr/bin/python3
"""Which rules and which advice tell of something on the demo, whose server is well: each must be true, or is a fault.

usage: tests/bench/alarms.py [--seconds 600] [--size 20000]

  --seconds N   how long it is watched, from the moment that the demo is up
  --size N      transactions in the demo's sample

deploy/demo is started as it is, with its workload and its backup, and stopped in the end. Printed are the rules of which an
alert was ever pending or firing (most wait longer than anybody watches here, so pending says that the condition held), how often it was
seen so and its last value; and what `pgvigil advise` finds at the end. Watchdog is meant to fire, and PostgresRestarted, for the
server is new; before the first backup those of backups are pending. Exits 1 when another alert has fired.
"""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from options import Options

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAUSE = 5  # seconds between two looks
MEANT = ("Watchdog", "PostgresRestarted")
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Demo:
    """deploy/demo in a folder of its own."""

    def __init__(self, home, size):
        self.home = home
        self._log = open(home / "demo.log", "w+b")  # pylint: disable=consider-using-with
        self._process = subprocess.Popen([ROOT / "deploy/demo", "--size", str(size)], stdout=self._log, stderr=self._log,
                                         stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(home)}, start_new_session=True)
        self.url = self._wait_url()

    def _text(self):
        return (self.home / "demo.log").read_text(encoding="utf-8", errors="replace")

    def _wait_url(self):
        while self._process.poll() is None:
            shown = re.search(r"^\s+pgvigil\s+(http://\S+?)/$", self._text(), re.MULTILINE)
            if shown:
                return shown[1]
            time.sleep(1)
        raise SystemExit(f"deploy/demo has ended:\n{self._text()}")

    def ask(self, path):
        try:
            return json.loads(_direct.open(self.url + path, timeout=20).read())["data"]
        except OSError as error:
            raise SystemExit(f"{self.url}{path}: {error}\n{self._text()}") from error

    def advice(self):
        (config,) = self.home.glob("pgvigil-demo.*/pgvigil.toml")
        program = os.environ.get("PGVIGIL", ROOT / "build/release/agent/pgvigil")
        done = subprocess.run([program, "advise", "--config", config], capture_output=True, text=True, check=False, timeout=120)
        return done.stdout + done.stderr

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait(120)


def watch(demo, seconds):
    """By rule and labels: how often it was pending and firing, and its last value."""
    seen = collections.defaultdict(lambda: {"pending": 0, "firing": 0, "value": ""})
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for alert in demo.ask("/api/v1/alerts")["alerts"]:
            labels = ",".join(f"{name}={value}" for name, value in sorted(alert["labels"].items())
                              if name not in ("alertname", "instance", "job", "severity"))
            one = seen[alert["labels"]["alertname"], labels]
            one[alert["state"]] += 1
            one["value"] = alert["value"]
        time.sleep(PAUSE)
    return seen


def main():
    parser = Options(__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--size", type=int, default=20000)
    choices = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgvigil-alarms-") as folder:
        home = pathlib.Path(folder)
        home.chmod(0o1777)  # the TMPDIR of several users
        demo = Demo(home, choices.size)
        try:
            seen = watch(demo, choices.seconds)
            print(f"{len(seen)} alerts in {choices.seconds} s, looked at every {PAUSE} s\n\n{'pending':>7} {'firing':>7}  rule")
            for (rule, labels), one in sorted(seen.items()):
                print(f"{one['pending']:7} {one['firing']:7}  {rule} {{{labels}}} {one['value']}")
            print("\n" + demo.advice())
        finally:
            demo.stop()
    return 1 if any(one["firing"] for (rule, _), one in seen.items() if rule not in MEANT) else 0


sys.exit(main())
