"""Pictures for a person to look at: pages as a browser shows them, and dashboards about as Grafana would draw them.

Grafana itself is not to be had in the tests. What is drawn here is what its JSON asks for: places, titles, units, legends,
thresholds, mappings, joined tables. By hand only: PGVIGIL_PICTURES names the folder that the pictures go to.
"""

import html
import json
import math
import os
import re
import subprocess
import time
import urllib.parse

from . import dashboards

FOLDER = os.environ.get("PGVIGIL_PICTURES")
WIDTHS = {"wide": 1280, "phone": 390}
COLOURS = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300")
NAMED = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
CELL_W, CELL_H = 52, 30
STYLE = """body{background:#111217;color:#ccccdc;font:12px sans-serif;margin:8px;position:relative}
.panel{position:absolute;background:#181b1f;border:1px solid #2c3235;overflow:hidden;box-sizing:border-box;padding:4px}
.title{font-weight:600;white-space:nowrap}.big{font-size:20px}.soft{color:#8e8e99}.row{font-size:15px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;border-bottom:1px solid #2c3235;padding:1px 6px;white-space:nowrap}
.legend{font-size:11px;white-space:nowrap}.empty{color:#777}"""


def screenshot(url, file, width, height=3000):
    """The page at `url` as PNG."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
               f"--window-size={width},{height}", f"--screenshot={file}", "--virtual-time-budget=2000", url]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def shown(value, unit, decimals=None):
    """A number as Grafana writes it, about."""
    if value is None or math.isnan(value):
        return "NaN"
    if unit in ("s", "d"):
        value = value * 86400 if unit == "d" else value
        for size, word in ((31536000, "years"), (604800, "weeks"), (86400, "days"), (3600, "hours"), (60, "mins"), (1, "s"), (1e-3, "ms")):
            if abs(value) >= size:
                return f"{value / size:.3g} {word}"
        return f"{value:.3g} s"
    if unit == "dateTimeFromNow":
        return shown(value / 1000 - time.time(), "s") + " from now"
    if unit in ("bytes", "Bps"):
        for size, word in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
            if abs(value) >= size:
                return f"{value / size:.3g} {word}" + ("/s" if unit == "Bps" else "")
        return f"{value:.3g} B" + ("/s" if unit == "Bps" else "")
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    if unit == "percentunit":
        return f"{value * 100:.3g}%"
    for size, word in ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K")):
        if abs(value) >= size:
            return f"{value / size:.3g}{word}"
    return f"{value:.{decimals}f}" if decimals is not None else f"{value:.3g}"


def legend(pattern, labels):
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), pattern).strip()


def colour_of(value, defaults):
    for mapping in defaults.get("mappings", []):
        option = mapping["options"].get(f"{value:g}")
        if option:
            return NAMED.get(option["color"], "#fff"), option["text"]
    chosen = "#73bf69"
    for step in defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            chosen = NAMED.get(step["color"], "#fff")
    return chosen, None


class Drawing:
    """One dashboard, with the data of one source."""

    def __init__(self, source, dashboard, span=600):
        self._source = source
        self._dashboard = dashboard
        self._end = time.time()
        self._span = span

    def _ask(self, path, **parameters):
        answer = self._source.get(f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))
        return json.loads(getattr(answer, "text", answer))["data"]["result"]

    def _sent(self, panel, target):
        return dashboards.sent(self._dashboard, target["expr"], panel.get("interval", "15s"))

    def html(self):
        parts = []
        for panel in self._dashboard["panels"]:
            at = panel["gridPos"]
            left, top, width, height = at["x"] * CELL_W, at["y"] * CELL_H, at["w"] * CELL_W - 4, at["h"] * CELL_H - 4
            place = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
            if panel["type"] == "row":
                parts.append(f"<div class=row style='position:absolute;{place}'>▾ {html.escape(panel['title'])}</div>")
                continue
            body = getattr(self, "_" + panel["type"])(panel, width - 10, height - 30)
            parts.append(f"<div class=panel style='{place}'><div class=title>{html.escape(panel['title'])}</div>{body}</div>")
        return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{''.join(parts)}"

    def height(self):
        return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in self._dashboard["panels"]) * CELL_H + 20

    def _now(self, panel):
        for target in panel["targets"]:
            for one in self._ask("query", query=self._sent(panel, target)):
                yield target, one["metric"], float(one["value"][1])

    def _stat(self, panel, _width, _height):
        defaults = panel["fieldConfig"]["defaults"]
        lines = []
        found = list(self._now(panel))
        for target, labels, value in found:
            colour, text = colour_of(value, defaults)
            text = text or shown(value, defaults["unit"], defaults.get("decimals"))
            name = "" if len(found) == 1 else f"<span class=soft>{html.escape(legend(target['legendFormat'], labels))}</span> "
            lines.append(f"<div>{name}<span class=big style='color:{colour}'>{html.escape(text)}</span></div>")
        return "".join(lines) or "<div class=empty>No data</div>"

    def _bargauge(self, panel, width, _height):
        defaults = panel["fieldConfig"]["defaults"]
        found = list(self._now(panel))
        most = max((value for _, _, value in found), default=1) or 1
        return "".join(
            f"<div>{html.escape(legend(target['legendFormat'], labels))} {shown(value, defaults['unit'])}"
            f"<div style='height:6px;width:{max(0, value / most) * width:.0f}px;background:{colour_of(value, defaults)[0]}'></div></div>"
            for target, labels, value in found) or "<div class=empty>No data</div>"  # fmt: skip

    def _table(self, panel, _width, _height):
        rows = {}
        for target, labels, value in self._now(panel):
            key = tuple(sorted((name, text) for name, text in labels.items() if name not in ("__name__", "job", "cluster")))
            rows.setdefault(key, {})[target["refId"]] = value
        organised = panel["transformations"][-1]["options"]
        order, hidden = organised["indexByName"], organised["excludeByName"]
        names = [name for name in dict.fromkeys(name for key in rows for name, _ in key) if name not in hidden]
        names.sort(key=lambda name: order.get(name, len(order)))
        shown_targets = [target for target in panel["targets"] if target["legendFormat"]]
        units = {one["matcher"]["options"]: one["properties"][0]["value"] for one in panel["fieldConfig"]["overrides"]}
        head = "".join(f"<th>{html.escape(text)}</th>" for text in [*names, *(t["legendFormat"] for t in shown_targets)])
        lines = []
        for key, values in rows.items():
            cells = [dict(key).get(name, "") for name in names]
            cells += ["" if (value := values.get(target["refId"])) is None else shown(value, units.get(target["legendFormat"], "short"))
                      for target in shown_targets]  # fmt: skip
            lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        return f"<table><tr>{head}</tr>{''.join(lines)}</table>" if rows else "<div class=empty>No data</div>"

    def _timeseries(self, panel, width, height):
        begin, step = self._end - self._span, self._span / 100
        series = []
        for target in panel["targets"]:
            for one in self._ask("query_range", query=self._sent(panel, target), start=begin, end=self._end, step=step):
                points = [(float(at), float(value)) for at, value in one["values"] if value not in ("NaN", "+Inf", "-Inf")]
                series.append((legend(target["legendFormat"], one["metric"]), points))
        values = [value for _, points in series for _, value in points]
        if not values:
            return "<div class=empty>No data</div>"
        low, high = min(0, *values), max(values) or 1
        unit, plot = panel["fieldConfig"]["defaults"]["unit"], height - 34
        drawn = []
        for number, (_, points) in enumerate(series):
            path = " ".join(f"{(at - begin) / self._span * width:.1f},{plot - (value - low) / (high - low or 1) * plot:.1f}"
                            for at, value in points)  # fmt: skip
            drawn.append(f"<polyline fill=none stroke='{COLOURS[number % 10]}' stroke-width=1.3 points='{path}'/>")
        names = " ".join(f"<span style='color:{COLOURS[n % 10]}'>━</span> {html.escape(name) or '<b>?</b>'}"
                         for n, (name, _) in enumerate(series))  # fmt: skip
        return (f"<div class=soft>{shown(high, unit)} … {shown(low, unit)}</div>"
                f"<svg width={width} height={plot} style='background:#14161a'>{''.join(drawn)}</svg><div class=legend>{names}</div>")  # fmt: skip


def photograph(agent, name, path):
    """A page of the agent, as a screen and as a phone show it; nothing unless somebody wants pictures."""
    for word, width in WIDTHS.items() if FOLDER else ():
        screenshot(f"http://127.0.0.1:{agent.port}{path}", os.path.join(FOLDER, f"{name}-{word}.png"), width)


def draw(source, name, dashboard):
    """The dashboard as NAME.html and NAME.png; nothing unless somebody wants pictures."""
    if not FOLDER:
        return
    drawing = Drawing(source, dashboard)
    page = os.path.join(FOLDER, name + ".html")
    with open(page, "w", encoding="utf-8") as file:
        file.write(drawing.html())
    screenshot("file://" + page, os.path.join(FOLDER, name + ".png"), 24 * CELL_W + 24, drawing.height())
