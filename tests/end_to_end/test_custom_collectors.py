"""Collectors from collectors.d: what they may do wrong, and that nothing else suffers from it."""

import pytest

from support.config import custom_collector
from support.waiting import until


@pytest.fixture
def server(making):
    return making.cluster()


def failures(agent, name):
    """kind -> count, without zeros."""
    family = agent.scrape()["pgvigil_collector_failures_total"]
    return {
        dict(labels)["kind"]: value
        for (_, labels), value in family.samples.items()
        if value and dict(labels)["collector"] == name
    }


BROKEN = {
    "undefined": ("select value from public.no_such_table", ""),
    "query": ("select 1 / (random() * 0)::int as value", ""),
    "permission": ("select count(*) as value from pg_authid", ""),
    "cancelled": ("select 1 as value from pg_sleep(20)", 'timeout = "1s"'),
    "configuration": ("select 1 as another", ""),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_failing_collector_names_its_failure_and_hides_nothing_else(making, server, kind):
    sql, settings = BROKEN[kind]
    agent = making.agent_of(server, collectors={"broken": custom_collector("broken", sql, settings=settings)})
    agent.wait_state("broken", "failed")
    assert set(failures(agent, "broken")) == {kind}
    told = agent.collector("broken")
    assert told["message"] and told["message"][0].islower() and not told["message"].endswith(".")
    families = agent.scrape()
    assert families.value("pgvigil_collector_success", collector="broken") == 0
    assert families.value("pg_exporter_last_scrape_error") == 1
    assert families.value("pg_up") == 1 and "test_broken" not in families
    others = [one for one in agent.status()["collectors"] if one["name"] != "broken"]
    assert not [one for one in others if one["state"] == "failed"]
    assert families.has("pg_locks_count") and families.has("pg_settings_max_connections")
    agent.wait_log("collector_failed")


def test_a_failing_collector_is_logged_on_change_and_not_each_time(making, server):
    agent = making.agent_of(
        server, collectors={"broken": custom_collector("broken", "select value from public.late")}
    )
    until(lambda: sum(failures(agent, "broken").values()) >= 3, "it failed three times", pause=0.5)
    assert agent.log().count("event=collector_failed") + agent.log().count('"collector_failed"') <= 2
    server.run("create table late as select 7 as value; grant select on late to pgvigil")
    agent.wait_state("broken", "good")
    assert agent.value("test_broken") == 7


def test_last_values_stay_until_they_are_stale(making, server):
    server.run("create table flag as select 42 as value; grant select on flag to pgvigil")
    definition = custom_collector("flag", "select value from public.flag").replace('"1s"', '"4s"')
    agent = making.agent_of(server, collectors={"flag": definition})
    assert agent.value("test_flag") == 42
    server.run("alter table flag rename to gone")
    agent.wait_state("flag", "failed")
    assert agent.value("test_flag") == 42, "three intervals have not passed"
    until(
        lambda: agent.value("pgvigil_collector_age_seconds", collector="flag") > 4,
        "the age is told",
        pause=0.3,
    )
    agent.wait_value(None, "test_flag")
    assert agent.value("pgvigil_collector_success", collector="flag") == 0
    server.run("alter table gone rename to flag")
    agent.wait_value(42, "test_flag")


def test_stale_after_none_takes_failed_values_away_within_an_interval(making, server):
    server.run("create table flag as select 42 as value; grant select on flag to pgvigil")
    definition = custom_collector("flag", "select value from public.flag").replace('"1s"', '"2s"')
    agent = making.agent_of(server, more="[collect]\nstale_after = 1\n", collectors={"flag": definition})
    agent.wait_value(42, "test_flag")
    server.run("drop table flag")
    agent.wait_value(None, "test_flag")


def test_duplicate_series_are_dropped_and_counted(making, server):
    sql = "select * from (values ('a', 1), ('a', 2), ('b', 3)) v(kind, value)"
    agent = making.agent_of(server, collectors={"twice": custom_collector("twice", sql, labels=["kind"])})
    families = agent.scrape()
    assert families.value("test_twice", kind="b") == 3
    assert families.value("test_twice", kind="a") in (1, 2)
    assert families.value("pgvigil_collector_series_dropped_total", collector="twice") >= 1


def test_null_is_absent_and_never_zero(making, server):
    sql = "select * from (values ('known', 1.5), ('unknown', null)) v(kind, value)"
    agent = making.agent_of(server, collectors={"partly": custom_collector("partly", sql, labels=["kind"])})
    families = agent.scrape()
    assert families.value("test_partly", kind="known") == 1.5
    assert not families.has("test_partly", kind="unknown")


def test_special_values_and_awkward_labels_survive(making, server):
    sql = """select * from (values (E'back\\\\slash "quote" \\nline', 'NaN'::float8), ('große €', 'Infinity'),
        ('', '-Infinity'), ('small', 1e-300), ('large', 9007199254740993)) v(kind, value)"""
    agent = making.agent_of(server, collectors={"odd": custom_collector("odd", sql, labels=["kind"])})
    families = agent.scrape(packed=True)
    value = families.value("test_odd", kind='back\\slash "quote" \nline')
    assert value != value
    assert families.value("test_odd", kind="große €") == float("inf")
    assert families.value("test_odd", kind="") == float("-inf")
    assert families.value("test_odd", kind="small") == 1e-300
    assert families.value("test_odd", kind="large") == 9007199254740992


def test_a_name_in_another_encoding_is_mended_and_counted(making, server):
    server.run("create database latin template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'")
    with server.session(database="latin", client_encoding="SQL_ASCII") as session:
        session.cursor().execute(b'create role "caf\xe9"')
    agent = making.agent_of(server)
    names = {labels["rolname"] for labels in agent.scrape()["pg_roles_connection_limit"].label_sets()}
    assert "caf\N{REPLACEMENT CHARACTER}" in names and "postgres" in names
    assert agent.value("pgvigil_collector_replaced_label_values", collector="roles") == 1


def test_a_database_without_an_encoding_is_measured_like_others(making, server):
    server.run("create database latin template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'")
    with server.session(database="latin", client_encoding="SQL_ASCII") as session:
        session.cursor().execute(b'create table "caf\xe9" (id int)')
    agent = making.agent_of(server, dsn=server.dsn(database="latin"))
    assert agent.collector("stat_user_tables")["state"] == "good", agent.collector("stat_user_tables")
    assert agent.value("pg_stat_user_tables_n_live_tup", relname="caf\N{REPLACEMENT CHARACTER}") == 0


def test_a_file_adds_a_collector_and_another_replaces_one_of_the_same_name(making, server):
    agent = making.agent_of(
        server,
        collectors={
            "mine": custom_collector("mine", "select 5 as value"),
            "locks": custom_collector("locks", "select 6 as value", metric="test_locks"),
        },
    )
    families = agent.scrape()
    assert families.value("test_mine") == 5 and families.value("test_locks") == 6
    assert "pg_locks_count" not in families


def test_several_databases_are_looked_into(making, server):
    for name in ("shop", "stock", "test_scratch"):
        server.run(f"create database {name}")
        server.run(f"create table in_{name} (id int)", database=name)
    agent = making.agent_of(server, server='databases = ["*", "!test_*"]')
    databases = {
        labels["datname"] for labels in agent.scrape()["pg_stat_user_tables_n_live_tup"].label_sets()
    }
    assert databases == {"shop", "stock"}
