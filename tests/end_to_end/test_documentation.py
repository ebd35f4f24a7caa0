"""Documentation is printed by the program; what is committed must be that."""

import os
import re

from support.agent import command

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def test_docs_metrics_is_what_the_program_prints():
    printed = command("docs", "metrics")
    assert printed.returncode == 0, printed.stderr
    with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
        assert file.read() == printed.stdout, "run: pgvigil docs metrics >docs/metrics.md"


def test_no_collector_exports_a_name_of_the_agent_itself():
    with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
        collectors, own = (
            set(re.findall(r"^\| `(\w+)`", part, re.MULTILINE))
            for part in file.read().split("## The agent itself")
        )
    assert collectors and own
    assert not collectors & own


def test_help_and_version_tell_what_there_is():
    shown = command("--help")
    assert shown.returncode == 0
    for name in ("run", "check", "collect", "probe", "version"):
        assert name in shown.stdout
        assert command(name, "--help").returncode == 0
    assert command("version").stdout.startswith("pgvigil ")
    assert command("no-such-command").returncode == 2
