"""Through PgBouncer in transaction mode, with its settings as they come."""

import psycopg2
import pytest

from support.cluster import PASSWORD
from support.config import QUICK, every
from support.waiting import until


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster(settings={"log_statement": "all", "log_line_prefix": "%a|"})


@pytest.fixture(scope="module")
def pooler(shared, server):
    return shared.pgbouncer(server, {"pgvigil": PASSWORD})


@pytest.fixture
def agent(making, server, pooler):
    return making.agent_of(
        server, dsn=server.dsn(port=pooler.port), more=every(QUICK, "locks", "stat_database")
    )


def test_every_collector_fares_as_without_the_pooler(making, server, agent):
    states = {one["name"]: one["state"] for one in agent.status()["collectors"]}
    direct = {one["name"]: one["state"] for one in making.agent_of(server).status()["collectors"]}
    assert states == direct
    assert agent.value("pg_up") == 1


def test_a_scrape_has_the_same_names_as_without_the_pooler(making, server, agent):
    through, direct = agent.scrape(), making.agent_of(server).scrape()
    assert set(direct) == set(through)


def test_settings_do_not_leak_into_the_sessions_of_others(server, pooler, agent):
    until(
        lambda: agent.value("pgvigil_collector_runs_total", collector="locks") >= 5,
        "it ran a while",
        pause=0.5,
    )
    for _ in range(10):
        session = psycopg2.connect(server.dsn(port=pooler.port))
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(
                "select current_setting('search_path'), current_setting('statement_timeout'),"
                " current_setting('lock_timeout'), current_setting('transaction_read_only')"
            )
            assert cursor.fetchone() == ('"$user", public', "0", "0", "off")
        session.close()


def test_no_statement_is_prepared_and_no_transaction_left_open(server, agent):
    until(
        lambda: agent.value("pgvigil_collector_runs_total", collector="locks") >= 5,
        "it ran a while",
        pause=0.5,
    )
    asked = [line for line in server.log_text().splitlines() if line.startswith("pgvigil|")]
    assert asked
    assert not [line for line in asked if "PREPARE" in line or " execute " in line or " parse " in line]
    idle_open = (
        "select count(*) from pg_stat_activity where usename = 'pgvigil' "
        " and state like 'idle in transaction%'"
        " and state_change < now() - interval '1 second'"
    )
    assert server.value(idle_open) == 0


def test_the_server_behind_the_pooler_may_restart(making):
    server = making.cluster()
    pooler = making.pgbouncer(server, {"pgvigil": PASSWORD})
    agent = making.agent_of(server, dsn=server.dsn(port=pooler.port), more=every(QUICK, "locks"))
    assert agent.value("pg_up") == 1
    server.stop("immediate")
    agent.wait_value(0, "pg_up")
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    assert "pooler" in agent.status()["server"]["trouble"]["hint"]
    server.start()
    agent.wait_value(1, "pg_up", seconds=120)
    agent.wait_state("locks", "good")
