"""Prometheus's rules become ours, and go back: promtool judges what comes out."""

import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PGVIGIL = os.environ.get("PGVIGIL", str(SOURCE / "build/release/agent/pgvigil"))
IMPORTS = SOURCE / "tests/fixtures/rules/imports"


def pgvigil(*arguments, status=(0,)):
    """Runs pgvigil; its output and what it said."""
    done = subprocess.run([PGVIGIL, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode in status, done.stdout + done.stderr
    return done.stdout, done.stderr


def exported(*files):
    """The rule file without its comments: they tell what Prometheus has no counterpart of."""
    text, _ = pgvigil("rules", "export", "--format", "prometheus", *files)
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def promtool_check(path):
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("form", ["prometheus", "operator"])
def test_every_shipped_rule_survives_export_and_import(tmp_path, form):
    before = exported()
    (tmp_path / "rules.yml").write_text(pgvigil("rules", "export", "--format", form)[0])
    _, said = pgvigil(
        "rules", "import", tmp_path / "rules.yml", "--output", tmp_path / "back.toml", status=(0, 1)
    )
    count = before.count("- alert:") + before.count("- record:")
    assert f"{count} rules imported; 0 left out or changed" in said
    assert exported(tmp_path / "back.toml") == before


def test_rules_in_the_wild_survive_import_and_export(tmp_path):
    first, second, rules = tmp_path / "first.toml", tmp_path / "second.toml", tmp_path / "rules.yml"
    sources = [IMPORTS / "postgres.yml", IMPORTS / "operator.yml"]
    pgvigil("rules", "import", *sources, "--output", first, status=(0, 1))
    rules.write_text(exported(first))
    promtool_check(rules)
    pgvigil("rules", "import", rules, "--output", second, status=(0, 1))
    assert exported(second) == rules.read_text()
    # What a person would look for in it.
    text = rules.read_text()
    assert 'alert: "SessionsInUseCritical"' in text
    assert 'description: "A folded text, in two lines; it\'s \\"quoted\\"."' in text
    assert "for: 1h30m" in text and "keep_firing_for: 5m" in text and "interval: 30s" in text
    assert text.count('team: "storage"') == 1 and text.count('team: "dba"') == 1


def test_what_is_not_carried_over_is_told_with_its_line():
    path = IMPORTS / "postgres.yml"
    toml, said = pgvigil("rules", "import", path, status=(1,))
    lines = path.read_text().splitlines()
    told = {}
    for line in said.splitlines():
        if line.startswith(f"{path}:"):
            number, message = line.removeprefix(f"{path}:").split(": ", 1)
            told[lines[int(number.split(":")[0]) - 1].strip()] = message
    assert "'limit' of the group" in told["limit: 50"]
    assert "unclosed left parenthesis" in told["expr: sum(pg_up"]
    assert "range vector" in told['expr: pg_settings_max_connections{job="postgres"}[5m]']
    assert "'template' is not supported" in told["""table: '{{ template "x" }}'"""]
    assert "'NoExpression' is left out" in told["- alert: NoExpression"]
    second = [line for line in lines if line.strip() == "- alert: SessionsInUse"][-1].strip()
    assert "is called 'SessionsInUseCritical' here" in told[second]
    assert "Unparsable" not in toml and "ANumberOnly" not in toml


def test_a_lint_is_told_at_the_rules_place_in_the_yaml(tmp_path):
    rules = tmp_path / "mine.yml"
    rules.write_text(
        """groups:
- name: mine
  rules:
  - alert: First
    expr: pg_up == 0
    labels: {severity: warning}
    annotations: {summary: gone}
  - alert: TooManyLocks
    expr: sum by (instance) (pg_locks_count) / pg_settings_max_connections > 0.2
    labels: {severity: warning}
    annotations: {summary: locks}
"""
    )
    _, said = pgvigil("rules", "import", rules, status=(1,))
    assert f"{rules}:8: TooManyLocks: the two sides of '/' can never match" in said
    assert "2 rules imported; 0 left out or changed, 1 warnings" in said


def test_bytes_that_are_no_text_are_left_out_with_their_line(tmp_path):
    (tmp_path / "mine.yml").write_bytes(
        b"groups:\n- rules:\n  - alert: A\n    expr: up == 0\n    annotations: {summary: \"\xff\"}\n")
    out, said = pgvigil("rules", "import", tmp_path / "mine.yml", status=(1,))
    assert 'alert = "A"' in out and "summary" not in out
    assert "mine.yml:5: 'summary' is no text and is left out" in said


def test_of_a_key_that_stands_twice_the_first_is_taken(tmp_path):
    (tmp_path / "mine.yml").write_text(
        "groups:\n- rules:\n  - alert: A\n    expr: up == 0\n    annotations:\n      summary: a\n      summary: b\n")
    out, said = pgvigil("rules", "import", tmp_path / "mine.yml", status=(1,))
    assert 'summary = "a"' in out
    assert "mine.yml:7: 'summary' stands here twice: the first is taken" in said


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("groups: [", "this is not YAML"),
        ("groups:\n- name: {{ .Values.name }}\n  x: - y", "A template of Helm"),
        ("rules: []", "there are no rules here"),
        ("", "there are no rules here"),
        (",,<,", "this is not YAML: it has no document"),
        ("&a\nitems: [*a]", "there are no rules here"),
        (
            "groups:\n- &g\n  rules: [&r {alert: a, expr: up}" + ", *r" * 2000 + "]\n" + "- *g\n" * 1000,
            "its aliases unfold to more than 1000000 entries",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text, complaint):
    (tmp_path / "mine.yml").write_text(text)
    out, said = pgvigil("rules", "import", tmp_path / "mine.yml", status=(2,))
    assert out == "" and complaint in said and "mine.yml" in said
