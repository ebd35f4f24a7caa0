"""deploy/kubernetes/: the snippets for operators, and what each operator knows."""

import glob
import json
import os

import yaml

from .dashboards import REPOSITORY

FOLDER = os.path.join(REPOSITORY, "deploy/kubernetes")
OPERATORS = os.path.join(REPOSITORY, "tests/fixtures/operators")


def names(folder=FOLDER):
    return sorted(os.path.basename(path) for path in glob.glob(f"{folder}/*.yaml"))


def documents(name, folder=FOLDER):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return [one for one in yaml.safe_load_all(file) if one]


def containers(node):
    """All containers called pgvigil, wherever they are."""
    if isinstance(node, dict):
        if node.get("name") == "pgvigil" and "image" in node:
            yield node
        for child in node.values():
            yield from containers(child)
    elif isinstance(node, list):
        for child in node:
            yield from containers(child)
    elif isinstance(node, str) and node.startswith("[{"):
        yield from containers(json.loads(node))  # a JSON patch in an annotation
