"""A server that is gone, frozen or full: /metrics answers, pg_up tells the truth, and all mends itself."""

import contextlib

import psycopg2
import pytest

from support.agent import Agent
from support.config import QUICK, every
from support.waiting import stays, until

QUICK_ONES = every(QUICK, "locks", "stat_database", "roles")


@pytest.fixture
def server(making):
    return making.cluster()


@pytest.fixture
def agent(making, server):
    return making.agent_of(server, more=QUICK_ONES)


@contextlib.contextmanager
def all_connections_taken(server, user="crowd"):
    """Other sessions take what max_connections leaves to ordinary users."""
    sessions = []
    server.run(f"create role {user} login")
    try:
        with contextlib.suppress(psycopg2.OperationalError):
            while True:
                sessions.append(server.connect(user=user))
        yield sessions
    finally:
        for session in sessions:
            session.close()


def runs(agent: Agent, name="locks"):
    return agent.value("pgvigil_collector_runs_total", collector=name)


def wait_up(agent: Agent):
    agent.wait_value(1, "pg_up")
    agent.wait_value(1, "pgvigil_server_state", state="up")
    agent.wait_state("locks", "good")
    assert agent.status()["server"]["trouble"] is None


def test_a_stopped_server_is_down_and_a_started_one_is_up_again(server, agent):
    assert agent.value("pg_up") == 1
    server.stop("immediate")
    agent.wait_value(0, "pg_up")
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    assert agent.value("pgvigil_server_state", state="up") == 0
    assert agent.status()["server"]["trouble"]["kind"] == "unreachable"
    assert agent.get("/livez").status == 200
    assert agent.median_scrape_seconds() < 0.5
    server.start()
    wait_up(agent)


def test_an_agent_that_starts_before_its_server_waits_for_it(making, server):
    server.stop()
    agent = making.agent_of(server, more=QUICK_ONES, ready=False)
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    assert agent.value("pg_up") == 0
    assert agent.get("/readyz").status == 503
    server.start()
    wait_up(agent)
    agent.wait_ready()


def test_a_frozen_server_is_down_and_holds_up_nobody(server, agent):
    threads, descriptors = agent.threads(), agent.descriptors()
    server.freeze()
    agent.wait_value(0, "pg_up")
    stays(lambda: agent.value("pg_up") == 0, "pg_up is 0 while the server is frozen", 10)
    assert agent.status()["server"]["trouble"]["kind"] == "timed_out"
    assert agent.median_scrape_seconds() < 0.5
    assert agent.get("/livez").status == 200
    assert agent.threads() <= threads + 1
    assert agent.descriptors() <= descriptors + 5
    server.thaw()
    wait_up(agent)
    until(lambda: len(server.sessions()) <= 3, "sessions of before are gone")
    assert agent.threads() <= threads + 1


def test_a_full_server_at_the_start_is_named_and_waited_for(making, server):
    with all_connections_taken(server):
        agent = making.agent_of(server, more=QUICK_ONES, ready=False)
        agent.wait_value(1, "pgvigil_server_state", state="too_many_connections")
        assert agent.value("pg_up") == 0
        assert agent.status()["server"]["trouble"]["hint"]
    wait_up(agent)


def test_the_session_that_is_held_goes_on_in_a_full_server(server, agent):
    with all_connections_taken(server):
        agent.wait_value(0, "pgvigil_new_sessions_accepted")
        assert agent.value("pg_up") == 1
        before = runs(agent)
        until(lambda: runs(agent) >= before + 3, "collectors go on", pause=0.5)
        assert agent.value("pg_up") == 1
        assert agent.value("pgvigil_connect_failures_total", kind="too_many_connections") >= 1
    agent.wait_value(1, "pgvigil_new_sessions_accepted")


def test_terminated_sessions_are_opened_anew(server, agent):
    before = set(server.sessions())
    assert before
    server.terminate()
    until(lambda: server.sessions() and not before & set(server.sessions()), "there are new sessions")
    wait_up(agent)
    done = runs(agent)
    until(lambda: runs(agent) >= done + 2, "collectors go on", pause=0.5)


def test_a_restarted_server_is_found_again(server, agent):
    started = agent.status()["server"]["facts"]["postmaster_start"]
    server.restart("fast")
    until(lambda: agent.status()["server"]["facts"]["postmaster_start"] > started, "the new start is known")
    wait_up(agent)


def test_a_server_that_never_was_is_named_in_the_log_once(making, server):
    agent = making.agent_of(server, dsn=server.dsn(port=1), ready=False)
    agent.wait_log("unreachable")
    until(
        lambda: agent.value("pgvigil_connect_failures_total", kind="unreachable") >= 4,
        "it tried again",
        pause=0.5,
    )
    told = [line for line in agent.log().splitlines() if "unreachable" in line]
    assert len(told) <= 2, "\n".join(told)
