"""The top rows, and the row that stands for all others."""

import pytest

from support.cluster import DEBIAN_MAJOR
from support.config import QUICK
from support.waiting import until

COUNTERS = """
name = "jobs"
help = "Jobs of the tests"
every = "1s"

[[query]]
sql = "select kind, done, waiting from public.jobs"

[[metric]]
name = "test_jobs_done_total"
type = "counter"
value = "done"
labels = ["kind"]
help = "Jobs that are done."

[[metric]]
name = "test_jobs_waiting"
type = "gauge"
value = "waiting"
labels = ["kind"]
help = "Jobs that wait."

[top]
rows = 3
by = ["waiting"]
"""


@pytest.fixture
def server(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.run("create table jobs as select 'k' || i as kind, i * 10 as done, i as waiting from generate_series(1, 9) i")
    server.run("grant select on jobs to pgvigil")
    return server


def done(families):
    return {labels["kind"]: families.value("test_jobs_done_total", **labels)
            for labels in families["test_jobs_done_total"].label_sets()}


def test_other_takes_what_the_rows_below_the_top_do(making, server):
    agent = making.agent_of(server, collectors={"jobs": COUNTERS})
    first = agent.scrape()
    assert done(first) == {"k9": 90, "k8": 80, "k7": 70, "other": 0}
    assert first.value("test_jobs_waiting", kind="other") == 1 + 2 + 3 + 4 + 5 + 6
    assert first.value("pgvigil_collector_aggregated_rows", collector="jobs") == 6
    server.run("update jobs set done = done + 1")
    until(lambda: done(agent.scrape()) == {"k9": 91, "k8": 81, "k7": 71, "other": 6}, "each grew where it is")
    # Another order: the rows at the top are others after some runs, and what all did meanwhile is not lost.
    server.run("update jobs set waiting = 10 - waiting, done = done + 1")
    until(lambda: {"k1", "k2", "k3"} <= set(done(agent.scrape())), "the order is followed")
    after = done(agent.scrape())
    assert set(after) == {"k1", "k2", "k3", "other"}
    assert after["other"] >= 12 and agent.value("test_jobs_waiting", kind="other") == 6 + 5 + 4 + 3 + 2 + 1
    server.run("update jobs set waiting = 10 - waiting")
    until(lambda: {"k9", "k8", "k7"} <= set(done(agent.scrape())), "and back")
    back = done(agent.scrape())
    assert back["k9"] >= 91 and back["other"] >= after["other"]


def test_the_configuration_asks_for_the_top_of_any_collector(making, server):
    for name in "abcd":
        server.run(f"create table {name} as select generate_series(1, 10 * ascii('{name}')) i; analyze {name}")
    agent = making.agent_of(server, more="""
[collector.stat_user_tables]
top = 2
top_by = ["n_live_tup"]
""")
    tables = {labels["relname"] for labels in agent.scrape()["pg_stat_user_tables_n_live_tup"].label_sets()}
    assert tables == {"d", "c", "other"}


def test_the_limit_of_series_keeps_the_rows_that_matter(making, server):
    for name in "abcdefgh":
        server.run(f"create table {name} as select generate_series(1, 10 * ascii('{name}')) i; analyze {name}")
    agent = making.agent_of(server, more=f"""
[collector.stat_user_tables]
every = "{QUICK}"
max_series = 100
""")
    families = agent.scrape()
    tables = {labels["relname"] for labels in families["pg_stat_user_tables_n_live_tup"].label_sets()}
    assert "h" in tables and "other" in tables and "jobs" not in tables
    live = families["pg_stat_user_tables_n_live_tup"].values()
    assert sum(live) == server.value("select sum(n_live_tup) from pg_stat_user_tables")
    assert families.value("pgvigil_collector_series", collector="stat_user_tables") <= 100
    assert families.value("pgvigil_collector_aggregated_rows", collector="stat_user_tables") >= 4
    assert families.value("pgvigil_collector_series_dropped_total", collector="stat_user_tables") == 0
