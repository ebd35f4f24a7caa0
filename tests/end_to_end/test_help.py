"""Every script that a person runs says by --help what it is and how it is called."""

import os
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
FOLDERS = ["deploy", "deploy/backup", "deploy/grafana", "helm", "tests", "tests/bench", "tests/lib", "tests/pod"]
NO_COMMANDS = {"tests/pod/postgres-entrypoint"}  # of a container


def scripts():
    paths = [f"{folder}/{name}" for folder in FOLDERS for name in sorted(os.listdir(os.path.join(ROOT, folder)))]
    return [path for path in paths if os.access(os.path.join(ROOT, path), os.X_OK)
            and os.path.isfile(os.path.join(ROOT, path)) and path not in NO_COMMANDS]


def test_there_are_scripts():
    assert {"deploy/demo", "tests/run", "tests/bench/exporters.py", "helm/generate"} <= set(scripts())


@pytest.mark.parametrize("script", scripts())
def test_help_is_printed(script, tmp_path):
    ended = subprocess.run([os.path.join(ROOT, script), "--help"], cwd=tmp_path, capture_output=True, text=True,
                           timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert ended.returncode == 0 and not ended.stderr, ended.stderr
    assert "usage: " in ended.stdout and len(ended.stdout.splitlines()) >= 3, ended.stdout
    assert not list(tmp_path.iterdir())
