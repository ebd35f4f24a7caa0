"""A running pgvigil and how a test talks to it."""

import contextlib
import gzip
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.parse

from . import exposition, places
from .process import Process, children_of
from .waiting import until

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
OWN_METRICS_AGE = 1.1  # seconds: the agent renders its own metrics once a second at most


def binary():
    """The program under test."""
    return os.environ.get(
        "PGVIGIL", os.path.join(os.path.dirname(__file__), "../../../build/release/agent/pgvigil")
    )


def clean_environment(extra=None):
    """Nothing of the caller's may reach libpq or pgvigil."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **(extra or {})}


def command(*words, env=None, seconds=60):
    """Runs pgvigil to its end: its status, and what it printed."""
    return subprocess.run(
        [binary(), *words],
        env=clean_environment(env),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        cwd="/",
    )


class Answer:
    """What came back for one request, decoded."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.raw = response.read()
        packed = self.headers.get("content-encoding") == "gzip"
        self.body = gzip.decompress(self.raw) if packed else self.raw

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.text)


class Agent:
    """`pgvigil run` with a configuration file in a folder of its own, or with an environment only."""

    def __init__(self, config=None, env=None, ready=True, options=(), collectors=None, wrapper=()):
        self.home = places.new_folder("agent")
        self.port = places.free_port()
        self.config_file = os.path.join(self.home, "pgvigil.toml") if config is not None else None
        self._env = clean_environment(env)
        self._options = list(options)
        self._wrapper = list(wrapper)  # a command that runs the program, such as valgrind
        self._process = None
        try:
            if config is not None:
                self.write(config)
            for name, text in (collectors or {}).items():
                self.write_collector(name, text)
            self.start(ready)
        except BaseException:
            self.remove()
            raise

    def start(self, ready=True):
        self.launch()
        self._process.wait_started(lambda: self.get("/livez").status == 200, "pgvigil")
        if ready:
            self.wait_ready()

    def launch(self):
        """Starts it, and waits for nothing."""
        words = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            *self._wrapper,
            binary(),
            "run",
            "--listen",
            f"127.0.0.1:{self.port}",
            *self._options,
        ]
        if self.config_file:
            words += ["--config", self.config_file]
        self._process = Process(words, os.path.join(self.home, "log"), env=self._env, cwd=self.home)

    def wait_ready(self):
        try:
            until(lambda: self.get("/readyz").status == 200, "pgvigil is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from error

    # Its configuration

    def write(self, text):
        """Writes the configuration, for the next start or reload."""
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(text)

    def write_collector(self, name, text):
        self._write("collectors.d", name, text)

    def write_rules(self, text, name="mine"):
        self._write("rules.d", name, text)

    def _write(self, folder, name, text):
        folder = os.path.join(self.home, folder)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{name}.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def reload(self):
        return self.request("POST", "/-/reload")

    # Talking to it

    def request(self, method, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, headers={"Accept-Encoding": "identity", **(headers or {})})
            return Answer(connection.getresponse())

    def get(self, path, **headers):
        return self.request("GET", path, headers)

    def fetch(self, accept=TEXT, packed=False, collect=()):
        """GET /metrics."""
        query = urllib.parse.urlencode([("collect[]", name) for name in collect])
        headers = {"Accept": accept, "Accept-Encoding": "gzip" if packed else "identity"}
        return self.request("GET", "/metrics" + ("?" + query if query else ""), headers)

    def scrape(self, accept=TEXT, packed=False, collect=()):
        """The families of a scrape, read strictly."""
        answer = self.fetch(accept, packed, collect)
        assert answer.status == 200, answer.text
        return exposition.parse(answer.text, openmetrics=accept == OPENMETRICS)

    def value(self, name, **labels):
        return self.scrape().value(name, **labels)

    def wait_value(self, wanted, name, seconds=60, **labels):
        """Waits until the metric has this value; None: until it is gone."""
        until(
            lambda: self.value(name, **labels) == wanted, f"{name} {labels} is {wanted}", seconds, pause=0.3
        )

    def status(self):
        return self.get("/status").json()

    def collector(self, name):
        """What /status says of one collector; None when it is not there."""
        found = [one for one in self.status()["collectors"] if one["name"] == name]
        return found[0] if found else None

    def wait_state(self, name, state, seconds=60):
        """Waits until a collector is good, failed or unsupported, and a scrape tells that, too."""
        until(
            lambda: (self.collector(name) or {}).get("state") == state,
            f"collector {name} is {state}",
            seconds,
        )
        time.sleep(OWN_METRICS_AGE)
        return self.collector(name)

    def median_scrape_seconds(self, count=20):
        taken = []
        for _ in range(count):
            start = time.monotonic()
            assert self.fetch(packed=True).status == 200
            taken.append(time.monotonic() - start)
        return sorted(taken)[count // 2]

    # The process

    @property
    def pid(self):
        return self._process.pid

    def worker_pid(self):
        """The child of the supervisor."""
        children = children_of(self.pid)
        return children[0] if len(children) == 1 else None

    def running(self):
        return self._process.running()

    def log(self):
        return self._process.text()

    def wait_log(self, text, seconds=60):
        until(lambda: text in self.log(), f"the log says {text!r}; it says:\n{self.log()}", seconds)

    def _status_number(self, key, pid=None):
        with open(f"/proc/{pid or self.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))

    def threads(self, pid=None):
        return self._status_number("Threads", pid)

    def rss(self):
        """Resident bytes."""
        return self._status_number("VmRSS") * 1024

    def private_bytes(self):
        """Memory that it shares with no other process: what one more of it costs."""
        return self._status_number("RssAnon") * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def send(self, number):
        self._process.send(number)

    def stop(self):
        """SIGTERM; the seconds that it took, and the exit status."""
        start = time.monotonic()
        status = self._process.stop(signal.SIGTERM)
        return time.monotonic() - start, status

    def kill(self):
        """SIGKILL, as at the end of memory: nothing of it runs any more."""
        self._process.stop(signal.SIGKILL)

    def remove(self):
        """Ends it and takes its folder away. May be called in any state."""
        if self._process is not None:
            self._process.stop(signal.SIGTERM, seconds=5)
        places.remove_folder(self.home)
