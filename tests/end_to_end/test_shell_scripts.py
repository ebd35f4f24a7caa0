"""shellcheck has nothing to say of any shell script of the tree."""

import os
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SKIPPED = {"build", ".git", "node_modules", "__pycache__"}


def is_shell(path):
    if path.endswith(".sh"):
        return True
    with open(path, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and (b"bash" in first or first.rstrip().endswith(b"sh"))


def shell_scripts():
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED]
        paths = [os.path.join(folder, name) for name in names]
        found += [os.path.relpath(path, ROOT) for path in paths if os.path.isfile(path) and is_shell(path)]
    return sorted(found)


def test_there_are_scripts_to_check():
    assert {"deploy/demo", "deploy/lib.sh", "tests/run", "deploy/backup/pgvigil-backup"} <= set(shell_scripts())


@pytest.mark.parametrize("script", shell_scripts())
def test_shellcheck_finds_nothing(script):
    ended = subprocess.run(
        ["shellcheck", "--external-sources", "--shell=bash", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
