"""From the model to Grafana's JSON."""

import string

from source import intervals
from source.model import COLUMNS, SCHEMA_VERSION, SOURCE, TAG, levels, promql


def render(dashboard):
    """The dashboard as an object that is Grafana's JSON."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG, "postgres"],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": dashboard.since, "to": "now"},
        "refresh": "1m",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "templating": {"list": _variables(dashboard)},
        "annotations": {"list": _annotations(dashboard)},
        "links": [_dashboards_link()],
        "panels": _place(dashboard.rows),
    }


def _dashboards_link():
    """All dashboards with the tag, with the same time and the same choices."""
    return {
        "title": "pgvigil",
        "type": "dashboards",
        "icon": "external link",
        "tooltip": "The other dashboards, with the same servers and time",
        "tags": [TAG],
        "asDropdown": True,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


# Variables

ALL = {"selected": True, "text": "All", "value": "$__all"}


def _variables(dashboard):
    anchor = dashboard.anchor
    found = [
        {
            "type": "datasource",
            "name": "datasource",
            "label": "Data source",
            "description": "A Prometheus, or a pgvigil itself.",
            "query": "prometheus",
            "current": {"selected": False, "text": "default", "value": "default"},
            "hide": 0,
            "refresh": 1,
            "multi": False,
            "includeAll": False,
        },
        _choice("cluster", "Cluster", f"label_values({anchor}, cluster)", ".*"),
        _choice("job", "Job", f'label_values({anchor}{{cluster=~"$cluster"}}, job)', ".+"),
        _choice(
            "instance", "Instance", f'label_values({anchor}{{cluster=~"$cluster",job=~"$job"}}, instance)', ".+"
        ),
        _choice("target", "Server", f"label_values({anchor}{{{promql('{@agent}')[1:-1]}}}, target)", ".*"),
    ]
    if dashboard.datname:
        found.append(
            _choice("datname", "Database", promql("label_values(pg_stat_database_numbackends{@}, datname)"), ".*")
        )
    return found


def _choice(name, label, query, every):
    """A query variable. Labels that need not be there (cluster, target) are matched by an empty text, too."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "definition": query,
        "query": query,
        "current": ALL,
        "hide": 0,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": every,
    }


def _annotations(dashboard):
    grafana = {
        "name": "Annotations & Alerts",
        "type": "dashboard",
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
    }
    restarts = {
        "name": "Restarts",
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "orange",
        "expr": promql("pg_postmaster_start_time_seconds{@} * 1000"),
        "useValueForTime": True,
        "titleFormat": "Postgres started",
        "textFormat": "{{instance}} {{target}}",
        "step": "60s",
    }
    return [grafana, restarts] if dashboard.anchor == "pg_up" else [grafana]


# Panels


def _place(rows):
    """Rows from top to bottom, panels from left to right as wide and high as they ask for."""
    placed, number, y = [], 1, 0
    for row in rows:
        placed.append(
            {
                "type": "row",
                "id": number,
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                "panels": [],
            }
        )
        number, y = number + 1, y + 1
        x = line = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, line = 0, y + line, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            placed.append({"id": number, "gridPos": place, **_panel(panel)})
            number, x, line = number + 1, x + panel.width, max(line, panel.height)
        y += line
    return placed


def _panel(panel):
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "targets": [_target(panel, *pair) for pair in zip(string.ascii_uppercase, panel.queries)],
        "fieldConfig": {"defaults": {"unit": panel.unit, **_defaults(panel)}, "overrides": _overrides(panel)},
        "options": {**OPTIONS[panel.kind], **panel.options},
    }
    if panel.kind == "table":
        made["transformations"] = _table_steps(panel)
    if interval := intervals.step([query.text for query in panel.queries]):
        made["interval"] = interval
    return made


def _target(panel, letter, query):
    instant = panel.kind in ("table", "bargauge")
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": promql(query.text),
        "legendFormat": query.legend,
        "instant": instant,
        "range": not instant,
        **({"format": "table"} if panel.kind == "table" else {}),
    }


OPTIONS = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "bargauge": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
        "showUnfilled": True,
    },
}


def _defaults(panel):
    made = {"color": {"mode": "palette-classic"}}
    if panel.kind in ("stat", "bargauge"):
        made = {"color": {"mode": "thresholds"}, "thresholds": levels()}
    elif panel.kind == "timeseries":
        made["custom"] = {
            "drawStyle": "line",
            "fillOpacity": 20 if panel.stacked else 5,
            "lineWidth": 1,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    if panel.kind == "table":
        made = {"custom": {"align": "auto", "filterable": True}}
    return {**made, **panel.more}


def _overrides(panel):
    by_column = {}
    for heading, unit in filter(lambda column: column[0], panel.columns.items()):
        by_column.setdefault(heading, []).append({"id": "unit", "value": unit})
    for column, title, uid in panel.links:
        url = f"/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}&${{cluster:queryparam}}&${{job:queryparam}}"
        for label in ("instance", "target"):
            url += f"&var-{label}=${{__data.fields.{label}}}"
        by_column.setdefault(column, []).append({"id": "links", "value": [{"title": title, "url": url}]})
    return [
        {"matcher": {"id": "byName", "options": column}, "properties": properties}
        for column, properties in by_column.items()
    ]


FIRST_COLUMNS = ("instance", "target", "backup", "alertname", "collector", "member", "datname", "schemaname", "relname")


def _table_steps(panel):
    """All queries side by side, joined by their labels; Grafana calls the columns of values `Value #A` and so on. What says which
    server comes first, and the value of a column without a heading is left out.
    """
    letters = string.ascii_uppercase
    single = len(panel.queries) == 1
    names = {
        "Value" if single else f"Value #{letter}": query.legend for letter, query in zip(letters, panel.queries)
    }
    hidden = {name: True for name in ("Time", "__name__", "job", "cluster", "alertstate")}
    hidden.update({name: True for name, heading in names.items() if not heading})
    named = {name: heading for name, heading in names.items() if heading}
    order = {name: place for place, name in enumerate(FIRST_COLUMNS)}
    organise = {"excludeByName": hidden, "indexByName": order, "renameByName": named}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organise}]
