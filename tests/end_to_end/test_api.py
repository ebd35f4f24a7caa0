"""The Prometheus-compatible API: what Grafana sends, and the same answers as a real Prometheus gives."""

import json
import os
import re
import time

import pytest

from support.agent import command
from support.peers import Prometheus
from support.prometheus_api import PrometheusApi, shape
from support.waiting import until

DOCS = os.path.join(os.path.dirname(__file__), "../../docs/api.md")


@pytest.fixture(scope="module")
def agent(shared, cluster):
    return shared.agent_of(cluster)


@pytest.fixture(scope="module")
def api(shared, agent):
    return shared.keep(PrometheusApi(agent.port))


@pytest.fixture(scope="module")
def prometheus(shared, agent):
    prometheus = shared.keep(Prometheus(agent.port))
    until(lambda: prometheus.query("pg_stat_database_numbackends"), "it has scraped the agent")
    return shared.keep(PrometheusApi(prometheus.port))


def aligned_range(step=15, points=20):
    """start, end and step as Grafana sends them: on multiples of the step."""
    end = int(time.time()) // step * step
    return ("start", str(end - step * points)), ("end", str(end)), ("step", str(step))


# What Grafana's data source sends


def test_grafana_finds_it_healthy_and_knows_what_it_is(api):
    assert api.post("query", ("query", "1+1"), ("time", "4")).data == {"resultType": "scalar", "result": [4, "2"]}
    assert api.get("status/buildinfo").data["version"].startswith("3.")


def test_a_panel_gets_its_points(api):
    now = time.time()
    data = api.post("query", ("query", "pg_stat_database_numbackends"), ("time", f"{now:.3f}")).data
    assert data["resultType"] == "vector"
    databases = {series["metric"]["datname"] for series in data["result"]}
    assert "postgres" in databases
    for series in data["result"]:
        stamp, value = series["value"]
        assert abs(stamp - now) < 0.002 and float(value) >= 0

    def points():
        span = aligned_range()
        data = api.post("query_range", ("query", "sum(pg_stat_database_numbackends)"), *span).data
        return data if data["result"] else None

    # The first point on a step comes with the first step after the first sample.
    data = until(points, "a step has come")
    assert data["resultType"] == "matrix" and len(data["result"]) == 1
    for stamp, value in data["result"][0]["values"]:
        assert stamp % 15 == 0 and isinstance(value, str)


def samples_of_the_last_minute(agent, metric):
    query = f'count_over_time({metric}{{datname="postgres"}}[1m])'
    result = PrometheusApi(agent.port).get("query", ("query", query)).data["result"]
    return int(result[0]["value"][1]) if result else 0


def test_what_the_dashboards_show_over_time_has_a_past(making, cluster):
    often = "[collector.stat_database]\nevery = '1s'\n"
    charted, other = "pg_stat_database_tup_fetched", "pg_stat_database_numbackends"
    with_past = making.agent_of(cluster, more=often)
    without = making.agent_of(cluster, more=often + "[history]\ndashboards = false\n")
    until(lambda: samples_of_the_last_minute(with_past, charted) >= 3, "a charted metric has a past")
    assert samples_of_the_last_minute(without, charted) == 1
    assert samples_of_the_last_minute(with_past, other) == 1


def test_the_query_builder_finds_metrics_labels_and_values(api):
    now = int(time.time())
    span = (("start", str(now - 3600)), ("end", str(now)))
    assert "pg_stat_database_numbackends" in api.get("label/__name__/values", *span).data
    selector = ("match[]", '{__name__="pg_stat_database_numbackends"}')
    assert {"__name__", "datname"} <= set(api.post("labels", selector, *span).data)
    assert "postgres" in api.get("label/datname/values", selector, *span).data
    series = api.post("series", ("match[]", 'pg_stat_database_numbackends{datname="postgres"}'), *span).data
    assert len(series) == 1 and series[0]["datname"] == "postgres"
    assert len(api.get("label/__name__/values", ("limit", "3")).data) == 3


def test_metadata_is_that_of_the_metrics_that_are_served(api, agent):
    metadata = api.get("metadata").data
    families = agent.scrape()
    assert families.keys() <= metadata.keys()
    for name, family in families.items():
        assert metadata[name][0]["type"] == family.type.replace("untyped", "unknown"), name
        assert metadata[name][0]["help"] == family.help, name
    assert metadata["pgvigil_scrape_duration_seconds"][0]["type"] == "histogram"
    assert metadata["pg_locks_count"] == [{"type": "gauge", "help": families["pg_locks_count"].help, "unit": ""}]
    assert api.get("metadata", ("metric", "pg_locks_count")).data.keys() == {"pg_locks_count"}
    assert len(api.get("metadata", ("limit", "5")).data) == 5


def test_the_server_is_its_target(api):
    targets = api.get("targets", ("state", "active")).data["activeTargets"]
    assert [(target["scrapePool"], target["health"], target["lastError"]) for target in targets] == [
        ("postgres", "up", "")
    ]


def test_the_agent_s_own_series_and_alerts_are_there(api):
    data = until(lambda: api.get("query", ("query", "pg_up")).data["result"], "the agent's own series are there")
    assert data[0]["value"][1] == "1"
    rules = [rule for group in api.get("rules").data["groups"] for rule in group["rules"]]
    assert len(rules) > 50 and all(rule["query"] and rule["health"] != "err" for rule in rules)

    def watchdog():
        return [one for one in api.get("alerts").data["alerts"] if one["labels"]["alertname"] == "Watchdog"]

    alert = until(watchdog, "the watchdog fires")[0]
    assert alert["state"] == "firing" and float(alert["value"]) == 1
    rule = api.get("rules", ("rule_name[]", "Watchdog")).data["groups"][0]["rules"][0]
    assert rule["state"] == "firing" and rule["type"] == "alerting" and len(rule["alerts"]) == 1


# The same as Prometheus

GOOD = [
    ("query", ("query", "pg_stat_database_numbackends")),
    ("query", ("query", "sum by (datname) (pg_stat_database_numbackends)")),
    ("query", ("query", "time()"), ("time", "1.25")),
    ("query", ("query", "'text'"), ("time", "1")),
    ("query", ("query", "pg_stat_database_numbackends[1m]")),
    ("query", ("query", "nothing_of_that_name")),
    ("query", ("query", "vector(1/0)"), ("time", "5")),
    ("query", ("query", "vector(1e-7)"), ("time", "5")),
    ("query", ("query", "vector(-1.5e300)"), ("time", "5")),
    ("query", ("query", "scalar(nothing)"), ("time", "5")),
    ("query", ("query", 'label_replace(vector(1), "a", "\\"\\\\", "", "")'), ("time", "1970-01-01T00:00:05.5Z")),
    ("query_range", ("query", "time() * 1.5"), ("start", "5"), ("end", "7"), ("step", "500ms")),
    ("query_range", ("query", "vector(3)"), ("start", "0"), ("end", "11000"), ("step", "1")),
    ("query_range", ("query", "nothing"), ("start", "0"), ("end", "10"), ("step", "1")),
    ("series", ("match[]", "pg_stat_database_numbackends")),
    ("series", ("match[]", "nothing")),
    ("labels",),
    ("labels", ("match[]", "nothing")),
    ("label/datname/values",),
    ("label/nothing/values",),
    ("metadata", ("metric", "pg_locks_count")),
    ("metadata", ("metric", "nothing")),
    ("status/buildinfo",),
    ("format_query", ("query", "sum(up)by(job)")),
    ("targets",),
]
EXACT = re.compile("time|text|vector|scalar|nothing")  # what no scrape changes


def without_target_labels(answer):
    """Prometheus adds instance and job to what it scrapes."""
    return json.loads(re.sub(r'"(instance|job)":"[^"]*",?', "", answer.text).replace(",}", "}"))


@pytest.mark.parametrize("request_", GOOD, ids=lambda request_: "-".join([request_[0]] + [p[1] for p in request_[1:]]))
@pytest.mark.parametrize("method", ["get", "post"])
def test_answers_look_as_prometheus_s(api, prometheus, request_, method):
    path, *parameters = request_
    if method == "post" and (path.startswith("label/") or path in ("metadata", "status/buildinfo", "targets")):
        pytest.skip("asked by GET only")
    ours, theirs = (getattr(one, method)(path, *parameters) for one in (api, prometheus))
    assert (ours.status, ours.content_type) == (theirs.status, theirs.content_type)
    if path in ("query", "query_range", "format_query") and EXACT.search(parameters[0][1]):
        assert ours.json == theirs.json
    elif path == "targets":
        # What a target's labels are called is its own affair.
        ours, theirs = (one.data["activeTargets"][0] for one in (ours, theirs))
        assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}
    else:
        assert shape(without_target_labels(ours)) == shape(without_target_labels(theirs))


BAD = [
    ("query",),
    ("query", ("query", "up{")),
    ("query", ("query", "sum(")),
    ("query", ("query", "nothing(up)")),
    ("query", ("query", "up + on(a) group_left(a) up")),
    ("query", ("query", "up"), ("time", "x")),
    ("query", ("query", "up"), ("timeout", "x")),
    ("query", ("query", "pg_locks_count + on() pg_locks_count")),
    ("query_range", ("query", "up")),
    ("query_range", ("query", "up"), ("start", "1")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "1"), ("step", "1")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "9"), ("step", "0")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "9"), ("step", "-1")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "9"), ("step", "x")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "9")),
    ("query_range", ("query", "up"), ("start", "5"), ("end", "11006"), ("step", "1")),
    ("query_range", ("query", "up)"), ("start", "5"), ("end", "6"), ("step", "1")),
    ("query_range", ("query", "up[5m]"), ("start", "5"), ("end", "6"), ("step", "1")),
    ("series",),
    ("series", ("match[]", "{}")),
    ("series", ("match[]", "up"), ("start", "x")),
    ("labels", ("end", "x")),
    ("label/job/values", ("start", "x")),
    ("metadata", ("limit", "x")),
    ("rules", ("type", "x")),
    ("format_query", ("query", "up +")),
]


def words(message):
    """Two words of newer versions, and the order of series, which is nobody's promise."""
    message = message.removeprefix('invalid parameter "query": ')
    message = message.replace("1:1: parse error: vector selector must", "match[] must")
    return re.sub(r"match group .*", "match group", message)


@pytest.mark.parametrize("request_", BAD, ids=lambda request_: "-".join([request_[0]] + [p[1] for p in request_[1:]]))
def test_mistakes_are_answered_as_prometheus_does(api, prometheus, request_):
    path, *parameters = request_
    ours, theirs = (one.get(path, *parameters).error for one in (api, prometheus))
    assert ours[:2] == theirs[:2]
    assert words(ours[2]) == words(theirs[2])


def test_bodies_are_bounded(api):
    # The connection ends with it: a new one for the next request is http.client's affair.
    answer = api.post("query", ("query", "1" + " " * 70_000))
    assert answer.status == 413 and "too large" in answer.text
    assert api.post("query", ("query", "1" + " " * 30_000)).data["result"][1] == "1"


# The command


def query(agent, *arguments):
    return command("query", *arguments, "--url", f"http://127.0.0.1:{agent.port}")


def test_the_command_prints_a_table_and_lines(agent):
    ended = query(agent, 'pg_stat_database_numbackends{datname="postgres"}')
    assert ended.returncode == 0, ended.stderr
    heading, row = ended.stdout.splitlines()
    assert heading.split()[0] == "metric" and heading.split()[-1] == "value" and "datname" in heading
    assert row.split()[0] == "pg_stat_database_numbackends" and float(row.split()[-1]) >= 0
    assert query(agent, "1/0").stdout == "+Inf\n"
    assert query(agent, "nothing").stdout == "no series\n"

    ended = query(agent, "vector(time())", "--range", "10m", "--step", "10s")
    line = ended.stdout.splitlines()[1]
    blocks = line.split()[-1]
    assert blocks[0] == "▁" and blocks[-1] == "█" and list(blocks) == sorted(blocks)
    assert json.loads(query(agent, "1", "--format", "json").stdout)["data"]["resultType"] == "scalar"


def test_the_command_points_at_a_mistake(agent):
    ended = query(agent, "sum by (job) (up[)")
    assert ended.returncode == 1
    message, shown, caret = ended.stderr.splitlines()
    place = int(re.search(r"1:(\d+): parse error", message).group(1))
    assert shown.strip() == "sum by (job) (up[)" and caret == " " * (2 + place - 1) + "^"


def test_the_command_says_that_nobody_answers():
    ended = command("query", "up", "--url", "http://127.0.0.1:1")
    assert ended.returncode == 2
    assert "cannot connect to http://127.0.0.1:1" in ended.stderr and "--url" in ended.stderr
    assert command("query", "up", "--url", "nonsense").returncode == 2
    assert command("query").returncode == 2


# Its documentation


def test_every_endpoint_is_documented(agent):
    listed = set(re.findall(r"^  (?:POST )?(/api/\S+)", agent.get("/nowhere").text, re.M))
    with open(DOCS, encoding="utf-8") as page:
        documented = set(re.findall(r"^\| `(/api/\S+)`", page.read(), re.M))
    assert listed and listed <= documented
