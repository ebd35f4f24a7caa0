"""Evidence: what an alert brings with it, on every version, and without a literal of anybody's."""

import json
import threading

import psycopg2
import pytest

from support.agent import command
from support.cluster import DEBIAN_MAJOR, MAJORS, PASSWORD
from support.config import pooler_entry, server_entry
from support.waiting import until

SECRET = "4929-SECRET-1234"


def look(server, name, *more, dsn=None):
    done = command("evidence", name, "--format", "json", *more, env={"DATA_SOURCE_NAME": dsn or server.dsn()})
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def names():
    """Of what a server alone tells, now."""
    listed = command("evidence", "--list")
    assert listed.returncode == 0, listed.stderr
    lines = [line for line in listed.stdout.splitlines()[1:] if " a database " in line or " the server " in line]
    return [line.split()[0] for line in lines if not line.startswith("statements_by_time")]


def cells(seen, column):
    place = [each["name"] for each in seen["columns"]].index(column)
    return [row[place] for row in seen["rows"]]


@pytest.mark.parametrize("major", MAJORS)
def test_each_can_be_seen_on_every_version_with_pg_monitor_alone(shared, major):
    server = shared.cluster(major)
    for name in names():
        seen = look(server, name)
        assert seen["name"] == name and seen["title"] and seen["columns"]


def test_the_tree_of_waiting_sessions_is_seen_from_the_root_down_without_literals(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.run("create table cards (id int primary key, number text)")
    server.run("insert into cards values (1, 'x'), (2, 'y')")
    root, middle, leaf = (server.connect(autocommit=False) for _ in range(3))

    def execute(session, sql):
        with session.cursor() as cursor:
            cursor.execute(sql)

    execute(root, f"update cards set number = '{SECRET}' where id = 1")
    execute(middle, f"update cards set number = '{SECRET}' where id = 2")
    waits = [threading.Thread(target=execute, args=(session, f"update cards set number = '{SECRET}' where id = {row}"))
             for session, row in ((middle, 1), (leaf, 2))]
    for thread in waits:
        thread.start()
        until(lambda: server.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
              == waits.index(thread) + 1, "the session waits")
    try:
        seen = look(server, "blocking_tree")
        pids = [session.info.backend_pid for session in (root, middle, leaf)]
        assert cells(seen, "pid") == [str(pids[0]), f"  {pids[1]}", f"    {pids[2]}"]
        assert cells(seen, "statement") == ["update cards set number = $1 where id = $2"] * 3
        assert cells(seen, "waits")[0] is None and cells(seen, "waits")[1] >= 0
        for name in names():
            assert SECRET not in json.dumps(look(server, name)), name
        text = command("evidence", "blocking_tree", env={"DATA_SOURCE_NAME": server.dsn()}).stdout
        assert text.startswith("Who waits for whom") and f"    {pids[2]}" in text and SECRET not in text
    finally:
        root.rollback()
        waits[0].join()
        middle.rollback()
        waits[1].join()
        for session in (root, middle, leaf):
            session.close()


def test_of_a_database_the_one_that_is_asked_for(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.run("create database shop")
    server.run("create table orders (id int) with (autovacuum_enabled = off)", database="shop")
    server.run("insert into orders select generate_series(1, 5000); delete from orders", database="shop")
    until(lambda: server.value("select pg_stat_get_dead_tuples('orders'::regclass)", database="shop") == 5000, "counted")
    seen = look(server, "vacuum", "--database", "shop")
    assert cells(seen, "relation")[0] == "public.orders" and cells(seen, "dead")[0] == 5000
    assert "public.orders" not in cells(look(server, "vacuum"), "relation")


def test_a_standby_and_its_primary_see_each_other(making):
    primary = making.cluster(DEBIAN_MAJOR)
    standby = making.standby(primary)
    until(lambda: primary.value("select count(*) from pg_stat_replication where state = 'streaming'") == 1, "it streams")
    assert cells(look(primary, "replication"), "state") == ["streaming"]
    assert cells(look(standby, "replication", dsn=standby.dsn()), "state") == ["streaming"]
    assert cells(look(primary, "replication_slots"), "active") == ["t"]
    look(standby, "replication_slots", dsn=standby.dsn())


def test_what_cannot_be_seen_is_told_with_the_way_out(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.create_role("nobody", grant="pg_signal_backend")
    done = command("evidence", "connections", env={"DATA_SOURCE_NAME": server.dsn(user="nobody")})
    assert done.returncode == 1 and 'GRANT pg_monitor TO "nobody";' in done.stderr
    wrong = command("evidence", "connection", env={"DATA_SOURCE_NAME": server.dsn()})
    assert wrong.returncode == 2 and "Did you mean 'connections'?" in wrong.stderr


def test_what_is_collected_is_collected_once_for_the_one_who_asks(making, tmp_path):
    server = making.cluster(DEBIAN_MAJOR)
    bouncer = making.pgbouncer(server, {"pgvigil": PASSWORD, "watcher": PASSWORD}, settings={"stats_users": "watcher"})
    with psycopg2.connect(server.dsn(port=bouncer.port)) as session, session.cursor() as cursor:
        cursor.execute("select 1")
        console = f"host=127.0.0.1 port={bouncer.port} user=watcher password={PASSWORD}"
        file = tmp_path / "pgvigil.toml"
        file.write_text(server_entry("shop", server.dsn()) + pooler_entry("front", console))
        done = command("evidence", "pools", "--format", "json", "--config", str(file))
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert cells(seen, "database") == ["postgres"] and cells(seen, "mode") == ["transaction"]
        space = command("evidence", "space", "--format", "json", "--config", str(file))
        assert space.returncode == 0, space.stderr
        of = dict(zip(cells(json.loads(space.stdout), "what"), cells(json.loads(space.stdout), "bytes")))
        assert of["database postgres"] > 1e6 and of["WAL"] >= 16 * 2**20
        past = command("evidence", "statements_by_time", "--config", str(file))
        assert past.returncode == 1 and "only a running agent remembers" in past.stderr
        none = command("evidence", "backups", "--config", str(file))
        assert none.returncode == 1 and "'backups' is of backups, which is not watched" in none.stderr
