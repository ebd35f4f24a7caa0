"""Rules against Prometheus's own tools: promtool is the judge of what we render and export."""

import json
import os
import pathlib
import re
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PGVIGIL = os.environ.get("PGVIGIL", str(SOURCE / "build/release/agent/pgvigil"))
TEMPLATES = json.loads((SOURCE / "tests/fixtures/rules/templates.json").read_text())["cases"]


def promtool(*arguments, cwd):
    """Runs promtool; its verdict and everything it said."""
    done = subprocess.run(
        ["promtool", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def test_promtool_renders_the_same_annotations(tmp_path):
    """Every template of the fixture, one rule each: JSON is YAML, so nothing is lost in quoting."""
    rules, tests = [], []
    labels = {"datname": "app", "instance": "db1:5432", "odd": 'a<b> "c"'}
    selector = "v{%s}" % ",".join(f"{k}={json.dumps(v)}" for k, v in labels.items())
    for number, case in enumerate(TEMPLATES):
        name = f"T{number}"
        rules.append({"alert": name, "expr": "v", "annotations": {"text": case["template"]}})
        tests.append(
            {
                "interval": "1m",
                "external_labels": {"cluster": "prod"},
                "input_series": [
                    {"series": selector, "values": case["value"]},
                    {"series": 'busy{datname="app"}', "values": "7"},
                    {"series": 'busy{datname="billing"}', "values": "3"},
                ],
                "alert_rule_test": [
                    {
                        "eval_time": "0m",
                        "alertname": name,
                        "exp_alerts": [{"exp_labels": labels, "exp_annotations": {"text": case["text"]}}],
                    }
                ],
            }
        )
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": tests}))
    status, said = promtool("test", "rules", "tests.yml", cwd=tmp_path)
    assert status == 0, said


def pgvigil(*arguments):
    """Runs pgvigil and gives its output."""
    done = subprocess.run([PGVIGIL, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_the_exported_rules(tmp_path):
    (tmp_path / "rules.yml").write_text(pgvigil("rules", "export", "--format", "prometheus"))
    status, said = promtool("check", "rules", "rules.yml", cwd=tmp_path)
    on = pgvigil("rules", "list").count(" on ")
    assert status == 0, said
    assert f"{on} rules found" in said


def test_the_operator_gets_the_same_groups(tmp_path):
    resource = pgvigil("rules", "export", "--format", "operator", "--name", "postgres")
    head, groups = resource.split("spec:\n")
    assert "kind: PrometheusRule" in head and 'name: "postgres"' in head
    unindented = "".join(line[2:] for line in groups.splitlines(keepends=True))
    assert unindented == pgvigil("rules", "export", "--format", "prometheus")


def test_promtool_agrees_with_every_test_of_the_shipped_rules(tmp_path):
    """The same series, the same times: the same alerts with the same labels and texts."""
    (tmp_path / "rules.yml").write_text(pgvigil("rules", "export", "--format", "prometheus"))
    tests = pgvigil("rules", "export", "--format", "promtool")
    (tmp_path / "tests.yml").write_text(tests)
    assert tests.count("alert_rule_test") > 80
    assert tests.count('"exp_alerts":[{') > 40
    status, said = promtool("test", "rules", "tests.yml", cwd=tmp_path)
    assert status == 0, said


# Of each: the rule, its series, when, what is expected to fire, and the summary expected of it. Some expect what is
# not so.
VERDICTS = {
    "Fires": ("v > 5", "0s", "7x9", "3m", ["{}"], "7"),
    "FiresNotYet": ("v > 5", "5m", "7x9", "3m", ["{}"], None),
    "FiresAtLast": ("v > 5", "5m", "7x9", "5m", ["{}"], "7"),
    "IsQuiet": ("v > 5", "0s", "4x9", "3m", [], None),
    "IsLoud": ("v > 5", "0s", "7x9", "3m", [], None),
    "SaysAnother": ("v > 5", "0s", "7x9", "3m", ["{}"], "8"),
    "HasAnotherLabel": ("v > 5", "0s", "7x9", "3m", ['{datname="app"}'], None),
    "GoesUp": ("increase(v[5m]) > 9", "0s", "0+3x9", "6m", ["{}"], "15"),
    "GoesUpLess": ("increase(v[5m]) > 9", "0s", "0+1x9", "6m", ["{}"], None),
    "BreaksOff": ("v > 5", "2m", "7 7 _ _ 7x5", "9m", ["{}"], "7"),
    "EndsEarly": ("v > 5", "0s", "7x2 stale", "4m", ["{}"], None),
    "Restarts": ("resets(v[5m]) > 0", "0s", "3 4 1 2x5", "4m", ["{}"], "1"),
}


def test_promtool_finds_the_same_cases_wrong(tmp_path):
    """Right and wrong expectations: the same ones fail here and there."""
    toml, groups, cases = [], [], []
    for name, (expr, hold, values, at, firing, summary) in VERDICTS.items():
        toml.append(
            f"""[[rule]]
alert = "{name}"
expr = "{expr}"
for = "{hold}"
labels = {{ severity = "info" }}
annotations = {{ summary = "{{{{ $value }}}}" }}
[[rule.test]]
series = ["v {values}"]
at = "{at}"
firing = {json.dumps(firing)}
"""
            + (f'annotations = {{ summary = "{summary}" }}\n' if summary else "")
        )
        groups.append(
            {
                "alert": name,
                "expr": expr,
                "for": hold,
                "labels": {"severity": "info"},
                "annotations": {"summary": "{{ $value }}"},
            }
        )
        labels = {"severity": "info", **({"datname": "app"} if "datname" in "".join(firing) else {})}
        expected = [{"exp_labels": labels, "exp_annotations": {"summary": summary or "7"}}] * len(firing)
        alerts = [{"eval_time": at, "alertname": name, "exp_alerts": expected}]
        cases.append(
            {
                "interval": "1m",
                "input_series": [{"series": "v", "values": values}],
                "alert_rule_test": alerts,
            }
        )
    (tmp_path / "rules.toml").write_text("\n".join(toml))
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": groups}]}))
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": cases}))
    ours = subprocess.run(
        [PGVIGIL, "rules", "test", str(tmp_path / "rules.toml")], capture_output=True, text=True, timeout=60
    )
    assert ours.returncode == 1, ours.stdout + ours.stderr
    status, said = promtool("test", "rules", "tests.yml", cwd=tmp_path)
    assert status == 1, said
    found_by_us = set(re.findall(r"^\S+: (\w+): ", ours.stdout, re.MULTILINE))
    found_by_promtool = set(re.findall(r"alertname: ?(\w+), time", said))
    assert found_by_us == found_by_promtool, ours.stdout + said
    assert {"IsLoud", "SaysAnother", "HasAnotherLabel", "FiresNotYet"} <= found_by_us
    assert not {"Fires", "FiresAtLast", "IsQuiet", "GoesUp"} & found_by_us


def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path):
    rules = tmp_path / "mine.toml"
    rules.write_text('[[rule]]\nalert = "Mine"\nexpr = "sum(pg_up"\n')
    done = subprocess.run(
        [PGVIGIL, "rules", "check", str(rules)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == f"{rules}:3:18: unclosed left parenthesis\n"


def test_a_users_rule_that_joins_what_cannot_match_is_warned_about(tmp_path):
    """A published rule that never fires: one side has lost the label job, the other keeps it."""
    rules = tmp_path / "mine.toml"
    rules.write_text(
        """
[[rule]]
alert = "Mine"
expr = "sum by (instance) (pg_locks_count) / pg_settings_max_connections > 0.2"
labels = { severity = "warning" }
annotations = { summary = "locks" }
"""
    )
    done = subprocess.run(
        [PGVIGIL, "rules", "check", str(rules)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "can never match: only the right one has the label 'job'" in done.stdout
