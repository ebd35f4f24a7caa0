"""One Prometheus, two Alertmanagers that share what they have told, and a receiver that counts messages."""

import http.server
import json
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import yaml
from network import HUB

ALERTMANAGERS = (9093, 9094)
PROMETHEUS, SINK = 9090, 9999

# Prometheus's own words for a host that does not answer.
UNREACHABLE = {"alert": "TargetDown", "expr": "up == 0", "for": "15s", "labels": {"cluster": "shop"}}


class Message:
    """One that was sent to people: when (seconds of the clock), and the alerts (name, instance) of it that fire."""

    def __init__(self, told):
        self.at = time.monotonic()
        self.firing = {(one["labels"]["alertname"], one["labels"].get("instance", "")) for one in told["alerts"]
                       if one["status"] == "firing"}  # fmt: skip


class Sink:
    """Takes the messages of both Alertmanagers."""

    def __init__(self):
        self.messages = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                outer.messages.append(Message(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HUB, SINK), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def notifications(self, start):
        """Those since then in which something fires that the message before did not have; the others tell what has ended."""
        found, known = [], set()
        for message in list(self.messages):
            if message.at >= start and message.firing - known:
                found.append(message)
            known = message.firing
        return found


def _ask_prometheus(expression):
    url = f"http://{HUB}:{PROMETHEUS}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]["result"]


def role_in_prometheus(address):
    """The label `role` of the server there, as Prometheus has it now; None while it has none, or two."""
    found = _ask_prometheus(f'pgvigil_server_info{{instance="{address}:9187"}} and on (instance) up == 1')
    return found[0]["metric"]["role"] if len(found) == 1 else None


def scraped_since(moment):
    """How many targets Prometheus has scraped since then, a Unix time."""
    return len(_ask_prometheus(f"timestamp(up) > {moment}"))


def active():
    """Names of the alerts that one of the Alertmanagers has, the watchdog's aside."""
    names = set()
    for url in urls():
        with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=5) as answer:
            names |= {alert["labels"]["alertname"] for alert in json.load(answer)}
    return names - {"Watchdog"}


def urls():
    return [f"http://{HUB}:{port}" for port in ALERTMANAGERS]


def run(folder, name, *words):
    with open(folder / f"{name}.log", "ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)


def start_prometheus(folder):
    """The process, which answers."""
    process = run(folder, "prometheus", "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                  f"--web.listen-address={HUB}:{PROMETHEUS}")  # fmt: skip
    while True:
        try:
            with urllib.request.urlopen(f"http://{HUB}:{PROMETHEUS}/-/ready", timeout=5):
                return process
        except OSError:
            time.sleep(0.25)


def restart_prometheus(folder, process):
    """For a quarter of an hour it repeats that an alert is over, and each time Alertmanager 0.25 begins a group with that: what
    fires next would not be waited for."""
    process.terminate()
    process.wait(60)
    return start_prometheus(folder)


def start(folder, rules, addresses):
    """Starts all; the process of Prometheus."""
    route = {"receiver": "sink", "group_by": ["cluster"], "group_wait": "30s", "group_interval": "30s",
             "repeat_interval": "2h", "routes": [{"matchers": ['alertname="Watchdog"'], "receiver": "nobody"}]}  # fmt: skip
    hook = {"url": f"http://{HUB}:{SINK}/", "send_resolved": True}
    config = {"route": route, "receivers": [{"name": "nobody"}, {"name": "sink", "webhook_configs": [hook]}]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    for port in ALERTMANAGERS:
        others = [f"--cluster.peer={HUB}:{one + 200}" for one in ALERTMANAGERS if one != port]
        run(folder, f"alertmanager-{port}", "prometheus-alertmanager", f"--web.listen-address={HUB}:{port}",
            f"--cluster.listen-address={HUB}:{port + 200}", f"--cluster.advertise-address={HUB}:{port + 200}",
            f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager-{port}", *others)  # fmt: skip
    (folder / "extra.rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "hosts", "rules": [UNREACHABLE]}]}))
    told = [{"static_configs": [{"targets": [f"{HUB}:{port}" for port in ALERTMANAGERS]}]}]
    config = {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [str(rules), str(folder / "extra.rules.yml")],
        "alerting": {"alertmanagers": told},
        "scrape_configs": [{"job_name": "pgvigil", "static_configs": [{"targets": [f"{a}:9187" for a in addresses]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return start_prometheus(folder)
