"""Rules against Prometheus's own tools: promtool is the judge of what we render and export."""

import json
import os
import pathlib
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
