"""Who stops does not wait: neither the server for pgvigil, nor pgvigil for the server."""

import pytest

from support.config import QUICK, every
from support.waiting import until

PROMPT = 3  # seconds; the promise is 1


@pytest.fixture
def server(making):
    return making.cluster()


@pytest.fixture
def agent(making, server):
    return making.agent_of(server, more=every(QUICK, "locks", "stat_database"))


def test_a_smart_shutdown_does_not_wait_for_the_session_that_is_held(server, agent):
    assert server.sessions()
    server.stop("smart", seconds=60)  # without pgvigil's care: never
    agent.wait_value(0, "pg_up")
    server.start()
    agent.wait_value(1, "pg_up")


def test_a_server_in_smart_shutdown_is_let_go_though_others_stay(server, agent):
    with server.session() as other:
        server.ask_to_stop("smart")
        with other.cursor() as cursor:

            def ours():
                cursor.execute("select count(*) from pg_stat_activity where usename = 'pgvigil'")
                return cursor.fetchone()[0]

            until(lambda: ours() == 0, "pgvigil has left the server")
        agent.wait_value(1, "pgvigil_server_state", state="not_accepting")
        assert agent.value("pg_up") == 0
    server.wait_stopped(30)


def test_a_fast_shutdown_is_not_held_up(server, agent):
    server.stop("fast", seconds=30)
    agent.wait_value(0, "pg_up")


@pytest.mark.parametrize("options", [[], ["--supervise"]])
def test_sigterm_ends_it_at_once_with_every_session_closed(server, making, options):
    agent = making.agent_of(server, options=options)
    assert server.sessions()
    seconds, status = agent.stop()
    assert status == 0 and seconds < PROMPT
    until(lambda: not server.sessions(), "no session of ours is left", seconds=5)


@pytest.mark.parametrize("options", [[], ["--supervise"]])
def test_sigterm_ends_it_at_once_while_the_server_is_frozen(server, making, options):
    agent = making.agent_of(server, more=every(QUICK, "locks"), options=options)
    server.freeze()
    agent.wait_value(0, "pg_up")
    seconds, status = agent.stop()
    assert status == 0 and seconds < PROMPT


def test_sigterm_ends_it_at_once_in_the_middle_of_a_query(server, making):
    slow = (
        'name = "slow"\nhelp = "Sleeps"\nevery = "1s"\ntimeout = "30s"\n[[query]]\n'
        "sql = 'select 1 as value from pg_sleep(20)'\n"
        '[[metric]]\nname = "test_slow"\ntype = "gauge"\nvalue = "value"\nhelp = "A metric of the tests."\n'
    )
    agent = making.agent_of(server, ready=False, collectors={"slow": slow})
    sleeping = "select count(*) from pg_stat_activity where usename = 'pgvigil' and wait_event = 'PgSleep'"
    until(lambda: server.value(sleeping), "the slow query runs")
    seconds, status = agent.stop()
    assert status == 0 and seconds < PROMPT
    until(lambda: not server.sessions(), "the query was cancelled and its session closed", seconds=5)
