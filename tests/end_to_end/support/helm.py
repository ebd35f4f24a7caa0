"""Helm and the strict decoder, where they are, and the chart."""

import os
import shutil
import subprocess

import yaml

from .dashboards import REPOSITORY

CHART = os.path.join(REPOSITORY, "helm/pgvigil")
KUBERNETES = "1.33"  # the version that is rendered for
TOOLS = os.environ.get("PGVIGIL_TOOLS", f"/var/tmp/pgvigil-tools-{os.getuid()}")


def tool(name):
    """Path of a tool on PATH or in the folder that tests/lib/kube_tools fills; None when it is in neither."""
    return shutil.which(name) or shutil.which(name, path=os.path.join(TOOLS, "bin"))


def run(program, *words, given=None):
    """Runs a tool: its status, output and complaints."""
    return subprocess.run(
        [tool(program), *words], input=given, capture_output=True, text=True, timeout=120, check=False
    )


def template(values, *words):
    """`helm template` with a file of ci/ and further words."""
    files = ["--values", os.path.join(CHART, "ci", f"{values}-values.yaml")] if values else []
    return run(
        "helm", "template", "payments", CHART, "--namespace", "db", "--kube-version", KUBERNETES, *files, *words
    )


def with_values(folder, text, *words, release="payments", chart=CHART):
    """`helm template` with values as YAML, which are written to `folder`, and further words."""
    path = os.path.join(folder, "values.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return run("helm", "template", release, chart, "--kube-version", KUBERNETES, "--namespace", "db", "--values", path, *words)


def objects(text):
    return [one for one in yaml.safe_load_all(text) if one]


def values_files():
    return sorted(name.removesuffix("-values.yaml") for name in os.listdir(os.path.join(CHART, "ci")))
