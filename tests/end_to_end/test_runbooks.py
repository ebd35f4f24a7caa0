"""The page of runbooks: one for each alert that ships, and queries that run on every version."""

import os
import re
import subprocess

import pytest

from support.agent import binary
from support.cluster import MAJORS

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
with open(os.path.join(ROOT, "docs/runbooks.md"), encoding="utf-8") as page:
    TEXT = page.read()
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


def test_each_shipped_rule_has_a_runbook_and_no_other():
    listed = subprocess.run([binary(), "rules", "list"], capture_output=True, text=True, check=True, timeout=60)
    rules = [line.split()[0] for line in listed.stdout.splitlines()[1:]]
    assert sorted(re.findall(r"^### (\w+)$", TEXT, re.MULTILINE)) == sorted(rules)


def test_links_lead_to_a_runbook():
    names = {name.lower() for name in re.findall(r"^### (\w+)$", TEXT, re.MULTILINE)}
    links = re.findall(r"\]\(#(\w+)\)", TEXT)
    assert links and set(links) <= names


@pytest.mark.parametrize("major", MAJORS)
def test_every_query_runs_as_a_member_of_pg_monitor(making, major):
    server = making.cluster(major)
    assert len(QUERIES) > 25
    for query in QUERIES:
        server.rows(query, user="pgvigil")
