"""What deploy/prometheus ships: promtool accepts it, and the rules are those of this program."""

import os
import subprocess

from support.agent import command
from support.dashboards import REPOSITORY

FOLDER = os.path.join(REPOSITORY, "deploy/prometheus")


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def promtool(*words):
    done = subprocess.run(
        ["promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_alert_rules_are_what_the_program_exports():
    exported = command("rules", "export", "--format", "prometheus")
    assert exported.returncode == 0, exported.stderr
    assert read("alerts.rules.yml") == exported.stdout, (
        "run: pgvigil rules export --format prometheus >deploy/prometheus/alerts.rules.yml"
    )


def test_promtool_accepts_the_rules():
    status, said = promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.rules.yml", "fleet.rules.yml")
    assert status == 0, said


def test_promtool_accepts_the_scrape_examples():
    status, said = promtool("check", "config", "prometheus.yml")
    assert status == 0, said
    assert "2 rule files found" in said


def test_promtool_accepts_the_example_for_kubernetes(tmp_path):
    """Debian's Prometheus is built without discovery in Kubernetes: all but the discovery itself is looked at."""
    text = read("kubernetes.scrape.yml")
    discovery = "kubernetes_sd_configs:\n      - role: pod\n"
    assert discovery in text
    (tmp_path / "prometheus.yml").write_text(
        text.replace(discovery, "static_configs:\n      - targets: [pod]\n"), encoding="utf-8"
    )
    status, said = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert status == 0, said


def test_promtool_would_refuse_wrong_ones(tmp_path):
    (tmp_path / "wrong.yml").write_text(read("fleet.rules.yml").replace("max by", "maximum by", 1))
    assert promtool("check", "rules", str(tmp_path / "wrong.yml"))[0] != 0
    (tmp_path / "prometheus.yml").write_text(read("prometheus.yml").replace("scrape_configs:", "scrapes:"))
    assert promtool("check", "config", "--syntax-only", str(tmp_path / "prometheus.yml"))[0] != 0
