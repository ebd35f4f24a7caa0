"""Many databases of one server: found, toured, forgotten; one in trouble is named and hides no other."""

import threading

import pytest

from support.config import QUICK, custom_collector, every
from support.waiting import stays, until

WEIRD = ['we"ird', "it's here", "naïve 数据库"]
PLAIN = [f"shop_{number:02}" for number in range(21)]
ALL = PLAIN + WEIRD  # and postgres
ROWS = "pg_stat_user_tables_n_live_tup"
SIZE = "pg_stat_user_tables_table_size_bytes"
TROUBLE = "pgvigil_database_in_trouble"
CHOSEN = 'databases = ["*", "!template*", "!seed"]'
# 1 % of a core is less than a tour of 25 databases each second costs.
FREELY = "[limits]\ndatabase_share = 0\n"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def create(server, name):
    server.run(f"create database {quoted(name)} template seed")


def drop(server, name):
    server.run(f"drop database {quoted(name)} with (force)")


@pytest.fixture(scope="module")
def server(shared):
    server = shared.cluster(settings={"max_connections": 40})
    server.run("create database seed")
    with server.session(database="seed") as session:
        session.cursor().execute("create table orders (id int primary key)")
    for name in ALL:
        create(server, name)
    return server


@pytest.fixture
def agent(making, server):
    return making.agent_of(server, server=CHOSEN, more=FREELY + every(QUICK, "stat_user_tables"))


def measured(agent, name=ROWS):
    """The databases that have rows."""
    families = agent.scrape()
    return {labels["datname"] for labels in families[name].label_sets()} if name in families else set()


def troubled(agent):
    return {one["database"]: one for one in agent.status()["server"]["databases_in_trouble"]}


def wait_measured(agent, names, name=ROWS, seconds=90):
    def check():
        there = measured(agent, name)
        assert there == set(names), f"missing {set(names) - there}, surplus {there - set(names)}"
        return True

    until(check, f"{name} is there for the databases", seconds, pause=0.5)


def tours(agent):
    return agent.value("pgvigil_collector_runs_total", collector="stat_user_tables")


def wait_tours(agent, count=2):
    first = tours(agent)
    until(lambda: tours(agent) >= first + count, f"{count} more tours", pause=0.3)


def test_every_database_is_measured_with_a_session_at_a_time(server, agent):
    wait_measured(agent, ALL)
    assert agent.value("pgvigil_databases_watched") == len(ALL) + 1
    assert not troubled(agent)
    # Two that are held, one in a database, the one that tests whether others get in.
    stays(lambda: len(server.sessions()) <= 4, "there are few sessions", 8)
    assert agent.value("pgvigil_tour_duration_seconds") > 0


def test_a_database_without_a_connection_to_spare_is_named_and_the_others_are_measured(server, agent):
    wait_measured(agent, ALL)
    server.run("alter database shop_02 connection limit 0")
    try:
        agent.wait_value(1, TROUBLE, datname="shop_02", kind="too_many_connections")
        wait_measured(agent, set(ALL) - {"shop_02"})
        agent.wait_log("database=shop_02")
        assert troubled(agent).keys() == {"shop_02"}
        assert "shop_02" in agent.get("/").text
        assert agent.value("pg_up") == 1
        assert agent.collector("stat_user_tables")["state"] == "good"
        wait_tours(agent)
    finally:
        server.run("alter database shop_02 connection limit -1")
    wait_measured(agent, ALL)
    assert not troubled(agent)


def test_a_database_with_a_locked_catalog_is_named_and_the_others_go_on(server, agent):
    wait_measured(agent, ALL)
    with server.session(database="shop_03", autocommit=False) as session:
        session.cursor().execute("lock table pg_catalog.pg_class in access exclusive mode")
        until(lambda: "shop_03" in troubled(agent), "it is named", pause=0.3)
        wait_tours(agent, 3)
        wait_measured(agent, set(ALL) - {"shop_03"})
        assert troubled(agent).keys() == {"shop_03"}
    wait_measured(agent, ALL)
    until(lambda: not troubled(agent), "it is well again")


def test_a_database_that_lets_nobody_in_for_a_while_is_no_trouble(server, agent):
    wait_measured(agent, ALL)
    server.run("alter database shop_04 allow_connections false")
    try:
        wait_measured(agent, set(ALL) - {"shop_04"})
        agent.wait_value(len(ALL), "pgvigil_databases_watched")
        assert not troubled(agent)
    finally:
        server.run("alter database shop_04 allow_connections true")
    wait_measured(agent, ALL)


def test_a_new_database_is_measured_and_a_dropped_one_forgotten_between_two_runs(server, agent):
    agent.wait_value(300, "pgvigil_collector_interval_seconds", collector="table_size")
    wait_measured(agent, ALL, SIZE)
    runs = agent.value("pgvigil_collector_runs_total", collector="table_size")
    create(server, "fresh")
    try:
        wait_measured(agent, [*ALL, "fresh"], SIZE)
        wait_measured(agent, [*ALL, "fresh"])
    finally:
        drop(server, "fresh")
    wait_measured(agent, ALL, SIZE)
    wait_measured(agent, ALL)
    assert agent.value("pgvigil_collector_runs_total", collector="table_size") == runs
    assert not troubled(agent)
    agent.wait_value(len(ALL) + 1, "pgvigil_databases_watched")  # its own metrics are rendered by and by


def test_databases_that_come_and_go_during_tours_are_no_error(server, agent):
    wait_measured(agent, ALL)
    end = threading.Event()

    def churn():
        while not end.is_set():
            create(server, "fleeting")
            end.wait(1.5)
            drop(server, "fleeting")

    thread = threading.Thread(target=churn, daemon=True)
    thread.start()
    try:
        wait_tours(agent, 15)
    finally:
        end.set()
        thread.join(60)
    wait_measured(agent, ALL)
    until(lambda: not troubled(agent), "nothing is left in trouble")
    failures = agent.scrape()["pgvigil_collector_failures_total"].samples
    assert not {labels: value for labels, value in failures.items() if value}
    assert agent.value("pg_up") == 1


def test_a_query_that_fails_in_a_database_costs_no_other_its_rows(server, making):
    server.run("create table if not exists special (id int)")
    server.run("grant select on special to pgvigil")
    reader = custom_collector(
        "reader",
        "select current_database() as datname, count(*) as value from public.special",
        labels=["datname"],
        settings='scope = "database"',
    )
    agent = making.agent_of(
        server, server=CHOSEN, more=FREELY + every(QUICK, "stat_user_tables"), collectors={"reader": reader}
    )
    wait_measured(agent, ["postgres"], "test_reader")
    until(lambda: len(troubled(agent)) == len(ALL), "the others are named", pause=0.3)
    assert {one["collector"] for one in troubled(agent).values()} == {"reader"}
    assert agent.collector("reader")["state"] == "good"
    wait_measured(agent, [*ALL, "postgres"])
    server.run("drop table special")
    agent.wait_state("reader", "failed")


def test_few_databases_keep_their_sessions(server, making):
    agent = making.agent_of(
        server,
        server='databases = ["shop_00", "shop_01", "we*"]\ncanary = "off"\nmax_database_connections = 3',
        more=FREELY + every(QUICK, "stat_user_tables", "statio_user_tables"),
    )
    wait_measured(agent, ["shop_00", "shop_01", 'we"ird'])
    opened = agent.value("pgvigil_connections_opened_total")
    stays(lambda: agent.value("pgvigil_connections_opened_total") <= opened + 1, "sessions are kept", 8)
    server.terminate()
    wait_tours(agent, 4)
    wait_measured(agent, ["shop_00", "shop_01", 'we"ird'])
    assert not troubled(agent)


def test_a_server_that_stops_is_no_trouble_of_its_databases(making):
    server = making.cluster()
    server.run("create database shop")
    agent = making.agent_of(
        server,
        server='databases = ["*"]\nmax_database_connections = 0',
        more=FREELY + every(QUICK, "stat_user_tables"),
    )
    agent.wait_value(2, "pgvigil_databases_watched")
    server.stop("smart")
    agent.wait_value(0, "pg_up")
    assert not troubled(agent)
    server.start()
    agent.wait_value(1, "pg_up")
    wait_tours(agent)
    assert not troubled(agent)
    assert "database_in_trouble" not in agent.log()
