"""What a dashboard is made of: panels, their queries, the variables, and where a panel stands.

A query is written as PromQL with one shorthand: `@` in a selector stands for the matchers of the dashboard's
variables (`SCOPES`). What comes out follows Grafana's published schema of dashboards.
"""

import dataclasses

SCHEMA_VERSION = 39  # of Grafana 10.4: no feature of a later one is used
COLUMNS = 24  # of Grafana's grid
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "pgvigil"

_AGENT = 'cluster=~"$cluster",job=~"$job",instance=~"$instance"'
SCOPES = {  # the longest first: each begins with the next
    "@datname": _AGENT + ',target=~"$target",datname=~"$datname"',
    "@agent": _AGENT,
    "@": _AGENT + ',target=~"$target"',
}

# The alerts that pgvigil's rules give: a Prometheus has those of other people, too.
ALERT_NAMES = 'alertname=~"(Postgres|Patroni|Pgbouncer|Pgdata|Host|Backup).*"'

SERVER = "instance, target"  # what tells one server from another
SERVER_LEGEND = "{{instance}} {{target}}"


def promql(text):
    """The query as Grafana gets it: on one line, the shorthand written out."""
    line = " ".join(text.split())
    for short, matchers in SCOPES.items():
        line = line.replace("{" + short, "{" + matchers)
    return line


@dataclasses.dataclass(frozen=True)
class Query:
    """One query of a panel; `legend` is the name of its series, or of its column in a table."""

    text: str
    legend: str = SERVER_LEGEND


@dataclasses.dataclass
class Panel:
    """One panel. `unit` is a unit of Grafana's; `more` goes to the defaults of its fields."""

    kind: str  # stat, timeseries, table or bargauge
    title: str
    description: str
    unit: str
    queries: list
    width: int = 12
    height: int = 8
    more: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    columns: dict = dataclasses.field(default_factory=dict)  # of a table: legend -> unit
    links: list = dataclasses.field(default_factory=list)  # of a table's cells: (column, title, dashboard uid)
    stacked: bool = False


@dataclasses.dataclass
class Row:
    """A heading with the panels below it."""

    title: str
    panels: list


@dataclasses.dataclass
class Dashboard:
    """One dashboard; `variables` names those that it has beside datasource, cluster, job, instance and target."""

    name: str  # of the file, and of the uid behind "pgvigil-"
    title: str
    description: str
    rows: list
    anchor: str = "pg_up"  # the metric that the variables take their values from
    datname: bool = False
    since: str = "now-1h"

    @property
    def uid(self):
        return f"pgvigil-{self.name}"


def stat(title, description, unit, text, **choices):
    """One number, or one a server."""
    choices = {"width": 4, "height": 4, **choices}
    legend = choices.pop("legend", SERVER_LEGEND)
    return Panel("stat", title, description, unit, [Query(text, legend)], **choices)


def graph(title, description, unit, *queries, **choices):
    """Numbers over time; a query is its text, or a pair of text and legend."""
    made = [Query(query) if isinstance(query, str) else Query(*query) for query in queries]
    return Panel("timeseries", title, description, unit, made, **choices)


def table(title, description, *columns, **choices):
    """A row for each label set; a column is (heading, unit, text), all queried for now."""
    made = [Query(text, heading) for heading, _, text in columns]
    units = {heading: unit for heading, unit, _ in columns}
    choices = {"width": COLUMNS, **choices}
    return Panel("table", title, description, columns[0][1], made, columns=units, **choices)


def infos(title, description, text, **choices):
    """A row for each label set, of a metric whose value says nothing: its labels alone."""
    return table(title, description, ("", "short", text), **choices)


def levels(*steps, base="green"):
    """Thresholds: from which value on which colour."""
    return {
        "mode": "absolute",
        "steps": [{"color": base, "value": None}, *({"color": colour, "value": value} for colour, value in steps)],
    }


def words(**texts):
    """A value mapping: `v0=("down", "red")`."""
    options = {
        name[1:]: {"text": text, "color": colour, "index": index}
        for index, (name, (text, colour)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]
