#!/usr/bin/python3
"""A fleet on one machine: one Prometheus that scrapes many agents, and how long the fleet's dashboards take.

usage: tests/bench/fleet.py [AGENTS=200] [SECONDS=120]

One real agent beside a real Postgres is scraped once; a small server then gives that answer for every simulated agent, so the
series are real in number and shape, and their values stand still. Printed: series, Prometheus's memory and CPU, and the time that
the queries of each dashboard take: the fleet's two over all servers, the others with one server chosen. Graphs are asked for as a
range, too, of as many steps as Grafana draws (1,000 pixels wide: six hours with a point each 20 s), over the time that was recorded.
"""

import contextlib
import http.server
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse

from options import Options

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
# pylint: disable=wrong-import-position
from conftest import Making  # noqa: E402
from support import dashboards, places  # noqa: E402
from support.agent import command  # noqa: E402
from support.peers import Server  # noqa: E402
from support.waiting import until  # noqa: E402

INTERVAL = 15  # seconds between scrapes
STEPS = 1000  # of a graph
ALL_SERIES = 'prometheus_tsdb_head_series'


class Fleet:
    """Answers every request with the same scrape."""

    def __init__(self, text):
        body = text.encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.port = places.free_port()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.handle_error = lambda *_: None  # Prometheus hangs up when it is stopped
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def remove(self):
        self._server.shutdown()


class FleetPrometheus(Server):
    """Scrapes `count` agents at one address, told apart by their instance; evaluates the shipped rules."""

    def __init__(self, port, count):
        super().__init__("prometheus", lambda self: self._words(port, count), "/-/ready")

    def _words(self, port, count):
        rules = os.path.join(dashboards.REPOSITORY, "deploy/prometheus")
        targets = "".join(
            f"""      - {{targets: ["127.0.0.1:{port}"], labels: {{instance: "db{number}:9187", __metrics_path__: "/{number}"}}}}\n"""
            for number in range(count)
        )
        with open(os.path.join(self.home, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(
                f"global: {{scrape_interval: {INTERVAL}s, evaluation_interval: {INTERVAL}s}}\n"
                f'rule_files: ["{rules}/alerts.rules.yml", "{rules}/fleet.rules.yml"]\n'
                f"scrape_configs:\n  - job_name: postgres\n    static_configs:\n{targets}"
                f"  - job_name: itself\n    static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]\n"
            )
        return ["prometheus", f"--config.file={self.home}/prometheus.yml", f"--storage.tsdb.path={self.home}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]  # fmt: skip

    def query(self, expression):
        """The answer, and the seconds it took."""
        return self._ask("/api/v1/query", {"query": expression})

    def graph(self, expression, seconds):
        """The same of a graph over the last `seconds`."""
        now = time.time()
        return self._ask(
            "/api/v1/query_range",
            {"query": expression, "start": now - seconds, "end": now, "step": seconds / STEPS},
        )

    def _ask(self, path, words):
        start = time.monotonic()
        answer = json.loads(self.get(f"{path}?{urllib.parse.urlencode(words)}"))
        assert answer["status"] == "success", answer
        return answer["data"]["result"], time.monotonic() - start

    def number(self, expression):
        found, _ = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0

    def process(self):
        """(resident bytes, CPU seconds)"""
        pid = self._process.pid
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), (int(fields[11]) + int(fields[12])) / ticks


def one_scrape(making):
    cluster = making.cluster(settings={"shared_preload_libraries": "pg_stat_statements"})
    cluster.run("create extension pg_stat_statements")
    for number in range(30):
        cluster.run(f"create table t{number} (id int primary key, note text)")
    cluster.run("vacuum analyze")
    return making.agent_of(cluster).fetch().text


def main():
    parser = Options(__doc__)
    parser.add_argument("agents", type=int, nargs="?", default=200)
    parser.add_argument("seconds", type=int, nargs="?", default=120)
    choices = parser.parse_args()
    count, seconds = choices.agents, choices.seconds
    assert command("version").returncode == 0
    with contextlib.ExitStack() as stack:
        making = Making(stack)
        text = one_scrape(making)
        fleet = making.keep(Fleet(text))
        prometheus = making.keep(FleetPrometheus(fleet.port, count))
        until(lambda: prometheus.number('count(up{job="postgres"} == 1)') == count, "all agents are scraped", seconds=120, pause=1)
        before, start = prometheus.process()[1], time.monotonic()
        time.sleep(seconds)
        resident, cpu = prometheus.process()
        busy = (cpu - before) / (time.monotonic() - start)
        samples = sum(1 for line in text.splitlines() if line and line[0] != "#")
        print(f"{count} agents of {samples} series, every {INTERVAL} s")
        print(f"series in Prometheus        {prometheus.number(ALL_SERIES):.0f}")
        print(f"resident memory             {resident / 2**20:.0f} MiB")
        appended = prometheus.number("rate(prometheus_tsdb_head_samples_appended_total[1m])")
        print(f"samples a second            {appended:.0f}")
        print(f"CPU, scrapes and rules      {busy:.2f} cores")
        rules = prometheus.number("sum(prometheus_rule_group_last_duration_seconds)")
        print(f"all rules, one evaluation   {rules:.2f} s")
        loaded = dashboards.load()
        for name in sorted(loaded):
            chosen = {} if name.startswith("pgvigil-fleet") else {"instance": "db1:9187"}
            asked = dashboards.queries({name: loaded[name]}, chosen)
            tell(f"{name}, {'one server' if chosen else 'all servers'}", sorted((prometheus.query(query)[1], title) for _, title, query in asked))
            drawn = dashboards.graphs(loaded[name], chosen)
            tell("  its graphs", sorted((prometheus.graph(query, seconds)[1], title) for title, query in drawn))


def tell(what, taken):
    """`taken` is (seconds, panel) of each query, the slowest last."""
    print(f"{what}: {len(taken)} queries, {sum(t for t, _ in taken):.2f} s together, slowest {taken[-1][0]:.3f} s ({taken[-1][1]})")


main()
