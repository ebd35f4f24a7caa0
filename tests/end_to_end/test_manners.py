"""How pgvigil behaves as a guest of the server."""

import pytest

from support.config import QUICK, custom_collector, every
from support.waiting import stays, until


@pytest.fixture
def server(making):
    return making.cluster(settings={"log_statement": "all", "log_line_prefix": "%a|"})


def test_at_most_two_sessions_are_held(server, making):
    making.agent_of(
        server,
        more=every(
            QUICK,
            "locks",
            "stat_database",
            "roles",
            "settings",
            "database",
            "stat_activity",
            "stat_user_tables",
            "replication",
            "static",
            "wal",
        ),
    )
    # The third is the one that tests whether others can still get in; it is there for a moment.
    stays(lambda: 1 <= len(server.sessions()) <= 3, "no more than two sessions and a short one", 8)


def test_its_own_sessions_are_not_told_as_open_transactions(server, making):
    agent = making.agent_of(
        server,
        more=every(QUICK, "long_running_transactions"),
        ready=False,
        collectors={"slow": custom_collector("slow", "select 1 as value from pg_sleep(2)")},
    )
    agent.wait_state("slow", "good")
    agent.wait_state("long_running_transactions", "good")
    stays(lambda: agent.value("pgvigil_open_transactions") == 0, "nobody but pgvigil is there", 5)
    assert agent.value("pgvigil_oldest_transaction_age_seconds") is None
    with server.session(autocommit=False) as session:
        session.cursor().execute("select 1")
        agent.wait_value(1, "pgvigil_open_transactions")


def test_its_sessions_are_named_and_every_transaction_is_read_only_and_bounded(server, making):
    agent = making.agent_of(server, more=every(QUICK, "locks"))
    assert {
        row[0]
        for row in server.rows("select application_name from pg_stat_activity where usename = 'pgvigil'")
    } == {"pgvigil"}
    text = server.log_text()
    asked = [
        line.partition("statement: ")[2]
        for line in text.splitlines()
        if line.startswith("pgvigil|LOG:  statement")
    ]
    assert len(asked) > 20
    for statement in asked:
        assert statement.startswith("BEGIN") and "READ ONLY" in statement, statement
        assert "statement_timeout" in statement and "lock_timeout" in statement, statement
    assert agent.value("pg_up") == 1


def test_a_custom_collector_cannot_write(server, making):
    server.run("create table target (value int); grant all on target to pgvigil")
    agent = making.agent_of(
        server,
        collectors={
            "writer": custom_collector(
                "writer",
                "with w as (insert into public.target values (1) returning value) " "select value from w",
            )
        },
        ready=False,
    )
    agent.wait_log("writer")
    until(lambda: (agent.collector("writer") or {}).get("state") != "good", "it did not succeed")
    assert server.value("select count(*) from target") == 0


def test_it_leaves_no_transaction_open(server, making):
    making.agent_of(server, more=every(QUICK, "locks", "stat_database"))
    idle = (
        "select count(*) from pg_stat_activity where usename = 'pgvigil'"
        " and state like 'idle in transaction%%' and state_change < now() - interval '1 second'"
    )
    stays(lambda: server.value(idle) == 0, "no session idles in a transaction", 5)
