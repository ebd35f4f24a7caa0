"""Rules against Prometheus's own tools: promtool is the judge of what we render and export."""

import json
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
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
