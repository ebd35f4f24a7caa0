"""The dashboards of deploy/grafana as tests read them: panels, queries, and what Grafana would send for each."""

import glob
import json
import os
import re
import urllib.parse

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
FOLDER = os.path.join(REPOSITORY, "deploy/grafana/dashboards")
PATRONI = ("Leaders", "Automatic failover", "Leader lock", "DCS last seen", "Members", "Leader", "Timeline")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


def load():
    """All dashboards by the name of their file."""
    found = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.json"))):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path).removesuffix(".json")] = json.load(file)
    assert found, f"there are no dashboards in {FOLDER}"
    return found


def panels(dashboard):
    """Those that show something: no rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard, kind):
    return [one for one in dashboard["templating"]["list"] if one["type"] == kind]


def sent(dashboard, query, interval="15s", chosen=()):
    """The query with all variables filled in, each with what is chosen of `chosen`, else its All; `interval` is the panel's."""
    for variable in variables(dashboard, "query"):
        query = re.sub(rf"\${variable['name']}\b", dict(chosen).get(variable["name"], variable["allValue"]), query)
    query = query.replace("$__rate_interval", f"{4 * int(interval.removesuffix('s'))}s").replace("$__range", "5m")
    assert "$" not in query, f"a variable is not known: {query}"
    return query


def queries(dashboards, chosen=()):
    """(dashboard, panel, PromQL) of every panel and annotation, each PromQL once a panel; `chosen` as for `sent`."""
    found = []
    for name, dashboard in dashboards.items():
        for panel in panels(dashboard):
            interval = panel.get("interval", "15s")
            found += [(name, panel["title"], sent(dashboard, one["expr"], interval, chosen)) for one in panel["targets"]]
        for annotation in dashboard["annotations"]["list"]:
            if "expr" in annotation:
                found.append((name, annotation["name"], sent(dashboard, annotation["expr"], chosen=chosen)))
    return found


def graphs(dashboard, chosen=()):
    """(panel, PromQL) of every panel over time, which Grafana asks for a range; `chosen` as for `sent`."""
    drawn = [panel for panel in panels(dashboard) if panel["type"] == "timeseries"]
    return [(panel["title"], sent(dashboard, one["expr"], panel.get("interval", "15s"), chosen))
            for panel in drawn for one in panel["targets"]]  # fmt: skip


def queries_of(name, *titles):
    """PromQL of these panels of one dashboard."""
    found = [query for _, title, query in queries({name: load()[name]}) if title in titles]
    assert len(found) >= len(titles), titles
    return found


def ask(source, query):
    """The answer of a Prometheus or of a pgvigil."""
    answer = source.get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    answer = json.loads(getattr(answer, "text", answer))
    assert answer["status"] == "success", (query, answer)
    return answer["data"]["result"]


def variable_queries(dashboards):
    """(dashboard, variable, selector, label) of every variable that asks the data source."""
    found = []
    for name, dashboard in dashboards.items():
        for variable in variables(dashboard, "query"):
            selector, label = LABEL_VALUES.fullmatch(variable["definition"]).groups()
            found.append((name, variable["name"], sent(dashboard, selector), label))
    return found
