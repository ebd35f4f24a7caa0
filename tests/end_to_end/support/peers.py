"""Debian's Prometheus, its promtool, and its postgres_exporter."""

import json
import os
import subprocess
import urllib.parse
import urllib.request

from . import exposition, places
from .process import Process

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by a proxy of the environment


def fetch(url):
    with _direct.open(url, timeout=20) as answer:
        return answer.read().decode("utf-8")


def promtool_check_metrics(text):
    """The complaints of `promtool check metrics`, each "<metric> <complaint>". Fails when it cannot read."""
    ended = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode in (0, 3), f"promtool cannot read it: {ended.stdout}{ended.stderr}"
    return [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]


class Server:
    """A process with a folder and a port of its own, ready when `path` answers."""

    def __init__(self, name, words, path, env=None):
        self.port = places.free_port()
        self.home = places.new_folder(name)
        self._process = None
        try:
            self._process = Process(
                ["setpriv", "--pdeathsig", "KILL", *words(self)],
                os.path.join(self.home, "log"),
                env={"PATH": os.environ["PATH"], **(env or {})},
                cwd=self.home,
            )
            self._process.wait_started(lambda: self.get(path) is not None, name)
        except BaseException:
            self.remove()
            raise

    def get(self, path):
        return fetch(f"http://127.0.0.1:{self.port}{path}")

    def log(self):
        return self._process.text()

    def remove(self):
        if self._process is not None:
            self._process.stop()
        places.remove_folder(self.home)


class PostgresExporter(Server):
    """The peer, with everything that it has on by default; `queries` is the text of a file of queries beside that.

    `ready` is a path that answers once it is up: at many tables /metrics takes its time.
    """

    def __init__(self, uri, program="prometheus-postgres-exporter", queries=None, options=(), ready="/metrics"):
        super().__init__(
            "exporter",
            lambda self: [
                program,
                f"--web.listen-address=127.0.0.1:{self.port}",
                *options,
                *self._queries_option(queries),
            ],
            ready,
            {"DATA_SOURCE_NAME": uri},
        )

    def _queries_option(self, queries):
        if not queries:
            return []
        path = os.path.join(self.home, "queries.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(queries)
        return [f"--extend.query-path={path}"]

    @property
    def pid(self):
        return self._process.pid

    def scrape(self):
        return exposition.parse(self.get("/metrics"))


class Prometheus(Server):
    """Scrapes one target once a second, and evaluates `rules` (the text of a rule file) as often."""

    def __init__(self, target_port, rules=None):
        super().__init__("prometheus", lambda self: self._words(target_port, rules), "/-/ready")

    def _words(self, target_port, rules):
        config = os.path.join(self.home, "prometheus.yml")
        with open(os.path.join(self.home, "rules.yml"), "w", encoding="utf-8") as file:
            file.write(rules or "groups: []\n")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                f"""global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{self.home}/rules.yml"]
scrape_configs:
  - job_name: pgvigil
    static_configs: [{{targets: ["127.0.0.1:{target_port}"]}}]
"""
            )
        return [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.home}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=debug",
        ]

    def query(self, expression):
        """The values of an instant vector."""
        answer = json.loads(self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
        return [float(sample["value"][1]) for sample in answer["data"]["result"]]

    def target(self):
        return json.loads(self.get("/api/v1/targets"))["data"]["activeTargets"][0]
