"""The lists of what other exporters export, in tests/fixtures."""

import os

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures")


def exported_names(file_name):
    """Of each line of a list: the name, its type, the set of its labels, and the words that follow."""
    with open(os.path.join(FIXTURES, file_name), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                name, kind, labels, *more = line.split()
                yield name, kind, set() if labels == "-" else set(labels.split(",")), more
