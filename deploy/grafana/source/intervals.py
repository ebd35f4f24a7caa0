"""How often each metric is collected, from the definitions that the program runs on.

A rate needs a window of some collections. Grafana's `$__rate_interval` is four scrapes, so a panel of a collector that is slower
than the scrape tells Grafana its interval.
"""

import functools
import pathlib
import re
import tomllib

DEFINITIONS = pathlib.Path(__file__).resolve().parents[3] / "collectors/definitions"
SCRAPE = 15  # seconds: what Grafana takes when nobody tells it better
_UNITS = {"s": 1, "m": 60, "h": 3600}


@functools.cache
def _seconds():
    found = {}
    for path in DEFINITIONS.glob("*.toml"):
        definition = tomllib.loads(path.read_text(encoding="utf-8"))
        amount, unit = re.fullmatch(r"(\d+)([smh])", definition["every"]).groups()
        for metric in definition.get("metric", []):
            found[metric["name"]] = max(int(amount) * _UNITS[unit], found.get(metric["name"], 0))
    return found


def step(queries):
    """The interval that a panel of these queries tells Grafana, such as "30s"; None when the scrape's will do."""
    rated = [name for query in queries for name in re.findall(r"(?:rate|increase)\((\w+)", query)]
    slowest = max((_seconds().get(name, 0) for name in rated), default=0)
    return f"{slowest}s" if slowest > SCRAPE else None
