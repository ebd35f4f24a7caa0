"""The texts of statements: told when the configuration says so, never with a literal, never at the server's cost."""

import pytest

from support.cluster import DEBIAN_MAJOR
from support.waiting import until

TEXTS = '[collector.statement_texts]\nenabled = true\nevery = "1s"\n'
GRANT = "grant execute on function pg_stat_file(text, boolean) to pgvigil"
SECRET = "hunter-4711"
STATEMENTS = (
    "create role app login password '{}'",
    "alter role app password $${}$$",
    "set my.token = '{}'",
    "comment on table orders is E'{}'",
    "select count(*) from orders where note = '{}' /* {} */ -- {}",
    "do $do$ begin perform '{}'; end $do$",
    "copy (select '{}') to '/dev/null'",
    "prepare p as select '{}'",
    "create table planted as select '{}' as note",
)


@pytest.fixture
def server(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"shared_preload_libraries": "pg_stat_statements"})
    server.run("create extension pg_stat_statements")
    server.run("create table orders (id int, note text)")
    with server.session() as session, session.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement.replace("{}", SECRET))
    return server


def queries(agent):
    family = agent.scrape().get("pgvigil_statement_info")
    return {labels["query"] for labels in family.label_sets()} if family else set()


def test_texts_are_told_without_a_literal(making, server):
    server.run(GRANT)
    assert server.value("select count(*) from pg_stat_statements where query like %s", (f"%{SECRET}%",)) > 4
    agent = making.agent_of(server, more=TEXTS)
    assert agent.collector("statement_texts")["state"] == "good", agent.collector("statement_texts")
    told = until(lambda: queries(agent), "texts are told")
    assert "select count(*) from orders where note = $1" in told, told
    assert "set my.token = ?" in told or "set my.token = $1" in told, told
    assert all(len(query.encode()) <= 103 for query in told)
    for text in (agent.fetch().text, agent.get("/status").text, agent.get("/").text, agent.log()):
        assert SECRET not in text and "4711" not in text
    families = agent.scrape()
    assert families.value("pgvigil_statement_texts_bytes") > 0
    labels = families["pgvigil_statement_info"].label_sets()[0]
    assert families.has("pg_stat_statements_calls_total", queryid=labels["queryid"], datname=labels["datname"])


def test_texts_are_not_loaded_when_they_are_many(making, server):
    server.run(GRANT)
    server.run("alter role pgvigil set work_mem = '64kB'")
    with server.session() as session, session.cursor() as cursor:
        cursor.execute(f"select id /* {'x' * 100_000} */ from orders")
    agent = making.agent_of(server, more=TEXTS)
    until(lambda: (agent.value("pgvigil_statement_texts_bytes") or 0) > 100_000, "the size is told")
    assert not queries(agent)
    assert server.value("select coalesce(sum(temp_files), 0) from pg_stat_database") == 0


def test_without_the_grant_nothing_is_loaded(making, server):
    agent = making.agent_of(server, more=TEXTS)
    agent.wait_state("statement_texts", "failed")
    assert "pg_stat_file" in agent.collector("statement_texts")["message"]
    assert not queries(agent)


def test_texts_are_off_by_default(making, server):
    assert not queries(making.agent_of(server))
