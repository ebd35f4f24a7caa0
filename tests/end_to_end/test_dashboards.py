"""The dashboards of deploy/grafana: what Grafana's schema and the usual lint ask of them. Nothing is started here."""

import filecmp
import json
import os
import re
import subprocess
import tomllib

import jsonschema
import pytest

from support import dashboards
from support.agent import command

SCHEMA = os.path.join(dashboards.REPOSITORY, "tests/fixtures/grafana/dashboard.jsonschema.json")
ALL = dashboards.load()
COLUMNS = 24
COUNTER = re.compile(
    r"(\w+_total|pg_stat_database_(?:xact_\w+|blks_\w+|tup_\w+|temp_\w+|deadlocks|conflicts))(?=\{)([^}]*\})(\[?)"
)
LINT_KNOWN = (  # no collector gives these, and that is right
    "no collector gives the metric 'ALERTS'",
    "no collector gives the metric 'server:pgvigil_",  # recorded by fleet.rules.yml
    "the collector of 'pgvigil_statement_info' is off",
)
COUNTERS_AS_THEY_ARE = {  # shown since the reset, on purpose
    "pgvigil_index_scans_total",
}


@pytest.fixture(params=ALL, name="dashboard")
def each_dashboard(request):
    return ALL[request.param]


def test_the_files_are_what_the_generator_writes(tmp_path):
    generate = os.path.join(dashboards.REPOSITORY, "deploy/grafana/generate")
    subprocess.run(["/usr/bin/python3", generate, str(tmp_path)], check=True, timeout=60)
    written = {entry.name for entry in tmp_path.iterdir()}
    elsewhere = {
        "fleet.rules.yml": os.path.join(dashboards.REPOSITORY, "deploy/prometheus/fleet.rules.yml"),
        "charted_metrics.cpp": os.path.join(dashboards.REPOSITORY, "rules/history/charted_metrics.cpp"),
    }
    assert written == {*os.listdir(dashboards.FOLDER), *elsewhere}
    for name, path in elsewhere.items():
        assert filecmp.cmp(tmp_path / name, path, shallow=False), "run deploy/grafana/generate"
    same, other, unread = filecmp.cmpfiles(tmp_path, dashboards.FOLDER, written - elsewhere.keys(), shallow=False)
    assert (other, unread) == ([], []) and same, "run deploy/grafana/generate"


def schema_validator():
    """Grafana's schema. Its generator writes "any value" as "object" in two places, where Grafana has names and numbers."""
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    del schema["definitions"]["MatcherConfig"]["properties"]["options"]["type"]
    del schema["definitions"]["DynamicConfigValue"]["properties"]["value"]["type"]
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_it_follows_grafanas_schema(dashboard):
    complaints = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in schema_validator().iter_errors(dashboard)
    ]
    assert not complaints, "\n".join(complaints)


def test_the_schema_would_refuse_a_wrong_one(dashboard):
    validator = schema_validator()
    assert not validator.is_valid({**dashboard, "titel": "x"})
    assert not validator.is_valid({**dashboard, "schemaVersion": "39"})


def test_no_panel_covers_another(dashboard):
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= COLUMNS, panel["title"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])):  # fmt: skip
            assert cell not in taken, f"{panel['title']} covers {taken[cell]}"
            taken[cell] = panel["title"]


def test_identities_are_unique_and_links_lead_somewhere(dashboard):
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    uids = [one["uid"] for one in ALL.values()]
    titles = [one["title"] for one in ALL.values()]
    assert len(set(uids)) == len(uids) == len(set(titles)) and all(len(uid) <= 40 for uid in uids)
    assert [uid + ".json" for uid in uids] == sorted(os.listdir(dashboards.FOLDER))
    for link in re.findall(r"/d/([\w-]+)", json.dumps(dashboard)):
        assert link in uids, link
    [link] = dashboard["links"]
    assert link["type"] == "dashboards" and set(link["tags"]) <= set(dashboard["tags"])
    assert link["includeVars"] and link["keepTime"]


def test_nobody_edits_it_in_place_and_it_says_what_it_is(dashboard):
    assert dashboard["editable"] is False
    assert dashboard["description"].endswith(".")
    assert "id" not in dashboard  # Grafana gives it


def test_the_data_source_is_a_variable(dashboard):
    [source] = dashboards.variables(dashboard, "datasource")
    assert (source["name"], source["label"], source["query"]) == ("datasource", "Data source", "prometheus")
    for panel in dashboards.panels(dashboard):
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


def test_its_variables_are_the_known_ones(dashboard):
    found = {one["name"]: one for one in dashboards.variables(dashboard, "query")}
    assert {"cluster", "job", "instance", "target"} <= set(found) <= {"cluster", "job", "instance", "target", "datname"}
    for one in found.values():
        assert one["multi"] and one["includeAll"] and one["label"] and one["refresh"] == 2
        assert one["datasource"]["uid"] == "${datasource}"
    assert found["job"]["allValue"] == found["instance"]["allValue"] == ".+"
    assert found["cluster"]["allValue"] == found["target"]["allValue"] == ".*"  # labels that need not be there


def test_every_panel_has_a_title_a_description_a_unit_and_a_query(dashboard):
    for panel in dashboards.panels(dashboard):
        assert panel["title"] and panel["title"][0].isupper(), panel
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


def test_every_query_asks_for_the_chosen_servers_only(dashboard):
    for panel in dashboards.panels(dashboard):
        for target in panel["targets"]:
            selectors = re.findall(r"\b(?:pg|pgbouncer|patroni|pgvigil|pgbackrest|server:pgvigil|ALERTS)\w*(?::\w+)*(?:\{([^}]*)\})?",
                                   re.sub(r'"[^"]*"', '""', re.sub(r"(?:by|on) \([^)]*\)", "", target["expr"])))  # fmt: skip
            assert selectors, target["expr"]
            for selector in selectors:
                if "alertname" in selector and "job" not in selector:
                    continue  # absent(...) and the like have no job: the fleet counts them, too
                for label in ("cluster=~", "job=~", "instance=~"):
                    assert label in selector, (panel["title"], target["expr"])


def test_the_alerts_counted_are_those_that_ship():
    chosen = re.compile(re.search(r'alertname=~"([^"]+)"', json.dumps(ALL["pgvigil-alerts"]).replace('\\"', '"'))[1])
    packs = os.path.join(dashboards.REPOSITORY, "rules/packs")
    for name in sorted(os.listdir(packs)):
        with open(os.path.join(packs, name), "rb") as file:
            for rule in tomllib.load(file)["rule"]:
                alert = rule.get("alert", "Watchdog")
                assert bool(chosen.fullmatch(alert)) == (alert != "Watchdog"), alert


WITHOUT_A_PANEL = {  # of backups: limits and judgements for rules, and what another series shows as well
    "pgvigil_backup_last_success_timestamp_seconds", "pgvigil_backup_max_age_seconds", "pgvigil_backup_running_seconds",
    "pgvigil_backup_size_jumped", "pgvigil_backup_duration_jumped", "pgvigil_backup_least_size_to_database_ratio",
    "pgvigil_backup_size_growth_bytes_per_second", "pgvigil_backup_duration_growth_ratio",
    "pgvigil_backup_output_repaired", "pgvigil_backup_check_duration_seconds",
}  # fmt: skip


def test_what_is_known_of_backups_is_shown():
    named = set(re.findall(r"^\| `(pgvigil_backup_\w+)`", command("docs", "metrics").stdout, re.MULTILINE))
    shown = set(re.findall(r"pgvigil_backup_\w+", json.dumps(ALL["pgvigil-backups"])))
    assert named - shown == WITHOUT_A_PANEL


UNITS = {"short", "s", "bytes", "percentunit", "bool_yes_no", "ops", "Bps", "dateTimeFromNow", "rps", "wps", "reqps", "d", "iops"}


def units(panel):
    """Of all its fields."""
    yield panel["fieldConfig"]["defaults"]["unit"]
    for override in panel["fieldConfig"]["overrides"]:
        yield from (one["value"] for one in override["properties"] if one["id"] == "unit")


def test_units_are_grafanas_and_series_have_a_name(dashboard):
    for panel in dashboards.panels(dashboard):
        assert set(units(panel)) <= UNITS, panel["title"]
        for target in panel["targets"] if panel["type"] != "table" else ():
            assert target["legendFormat"], (panel["title"], target["expr"])  # test_dashboard_queries.py looks at what they say


def test_titles_are_unique(dashboard):
    titles = [(row_of(dashboard, panel), panel["title"]) for panel in dashboards.panels(dashboard)]
    assert len(set(titles)) == len(titles)


def row_of(dashboard, panel):
    """The heading that a panel stands below."""
    place = dashboard["panels"].index(panel)
    return [one["title"] for one in dashboard["panels"][:place] if one["type"] == "row"][-1]


def test_rates_are_of_grafanas_interval_and_counters_are_never_shown_raw(dashboard):
    for panel in dashboards.panels(dashboard):
        for target in panel["targets"]:
            for function, interval in re.findall(r"(rate|irate|increase)\([^\[]*\[([^\]]+)\]", target["expr"]):
                assert (function, interval) in (("rate", "$__rate_interval"), ("increase", "$__range")), panel["title"]
            for name, _, bracket in COUNTER.findall(target["expr"]):
                assert bracket or name in COUNTERS_AS_THEY_ARE, (panel["title"], name)


def test_a_dashboard_fits_a_config_map(dashboard):
    assert len(json.dumps(dashboard)) < 900 * 1024


def test_pgvigils_own_engine_reads_every_query_and_knows_its_metrics(tmp_path):
    """As recording rules, which `pgvigil rules check` parses and lints: what cannot match is a typing mistake here."""
    asked = sorted({query for _, _, query in dashboards.queries(ALL)})
    file = tmp_path / "queries.toml"
    file.write_text(
        "\n".join(f'[[rule]]\nrecord = "query:number:{i}"\nexpr = {json.dumps(query)}' for i, query in enumerate(asked)),
        encoding="utf-8",
    )
    checked = command("rules", "check", str(file))
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    wrong = [
        line
        for line in (checked.stdout + checked.stderr).splitlines()
        if "queries.toml:" in line and not any(known in line for known in LINT_KNOWN)
    ]
    assert not wrong, "\n".join(wrong)
