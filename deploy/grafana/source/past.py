"""The metrics whose past the dashboards show: what a pgvigil keeps, so that it can be their data source."""

import re

from source.model import promql

_SELECTOR = re.compile(r"([a-zA-Z_]\w*)\{[^}]*\}(\[)?")
_OVER_TIME = ("timeseries", "stat")  # a stat has a line behind its number


def _names(dashboard):
    """What recording rules give (`server:...`) is a Prometheus's, and not among them."""
    for row in dashboard.rows:
        for panel in row.panels:
            for query in panel.queries:
                text = re.sub(r'"[^"]*"', '""', promql(query.text))
                for name, bracket in _SELECTOR.findall(re.sub(r"\b\w+(?::\w+)+", "", text)):
                    if bracket or panel.kind in _OVER_TIME:
                        yield name


def source_file(dashboards):
    """The list as a source file of the program."""
    names = sorted({name for dashboard in dashboards for name in _names(dashboard)})
    lines = "".join(f'    "{name}",\n' for name in names)
    return (
        "// Made by deploy/grafana/generate from the dashboards: change those.\n"
        '#include "rules/history/charted_metrics.h"\n\n#include <array>\n\n'
        "namespace pgvigil::rules {\nnamespace {\n\n"
        f"constexpr std::array<std::string_view, {len(names)}> k_charted = {{\n{lines}}};\n\n"
        "}  // namespace\n\n"
        "std::span<const std::string_view> charted_metrics() {\n  return k_charted;\n}\n\n"
        "}  // namespace pgvigil::rules\n"
    )
