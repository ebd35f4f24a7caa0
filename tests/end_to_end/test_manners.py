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
        assert statement.startswith("SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY;"), statement
        assert "statement_timeout" in statement and "lock_timeout" in statement, statement
    assert agent.value("pg_up") == 1


def setting(name):
    """A query that gives the milliseconds that a setting has while a collector runs."""
    return f"select setting::float as value from pg_settings where name = '{name}'"


def test_its_settings_are_in_force_for_its_query_and_nothing_of_the_role_is(server, making):
    # What the query would find if it were analysed before our search_path holds.
    server.run("create schema trap")
    server.run("create view trap.pg_database as select 1 as trapped")
    server.run("create function trap.now() returns timestamptz language sql as 'select null::timestamptz'")
    server.run("grant usage on schema trap to pgvigil")
    server.run("alter role pgvigil set search_path = trap, pg_catalog")
    server.run("alter role pgvigil set default_transaction_isolation = serializable")
    server.run("alter role pgvigil set statement_timeout = '3h'")
    isolation = "select (current_setting('transaction_isolation') = 'read committed')::int as value"
    agent = making.agent_of(
        server,
        collectors={
            "found": custom_collector("found", "select count(datname) as value from pg_database where now() > '2020-1-1'"),
            "lock": custom_collector("lock", setting("lock_timeout")),
            "statement": custom_collector("statement", setting("statement_timeout"), settings='timeout = "10s"'),
            "isolation": custom_collector("isolation", isolation),
        },
    )
    assert agent.value("test_found") >= 3
    assert agent.value("test_lock") == 100
    assert 1000 < agent.value("test_statement") <= 8000
    assert agent.value("test_isolation") == 1
    assert not [one for one in agent.status()["collectors"] if one["state"] == "failed"]


def test_a_slow_query_is_ended_by_the_server_itself(server, making):
    sleeper = custom_collector("sleeper", "select 1 as value from pg_sleep(30)", settings='timeout = "2s"')
    agent = making.agent_of(server, collectors={"sleeper": sleeper}, ready=False)
    agent.wait_state("sleeper", "failed")
    assert "57014" in agent.collector("sleeper")["message"]
    assert "canceling statement due to statement timeout" in server.log_text()


def test_without_a_canary_no_session_is_opened_now_and_then(server, making):
    opened = 'pgvigil_connections_opened_total'
    agent = making.agent_of(server, server='canary = "1s"')
    first = agent.value(opened)
    until(lambda: agent.value(opened) >= first + 2, "the canary flies", pause=0.5)
    agent = making.agent_of(server, server='canary = "off"')
    first = agent.value(opened)
    stays(lambda: agent.value(opened) == first, "no further session is opened", 5)


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
