"""Every collector on every supported major version: series, or a reason why not."""

import pytest

from support.agent import command
from support.cluster import DEBIAN_MAJOR, MAJORS, PASSWORD
from support.config import QUICK, every

NOT_FOR_A_PRIMARY = "not for a primary"
# Collectors that rest on an extension, which these servers do not have: test_statements.py tests them.
NEED_EXTENSION = {"statements": "pg_stat_statements", "statements_info": "pg_stat_statements"}
# Collectors for standbys, and those whose view is there from a major on. All others must give a table.
FOR_STANDBYS = {"recovery", "recovery_prefetch", "replication_receiver", "stat_wal_receiver"}
FIRST_MAJORS = {
    "io": 16,
    "logical_decoding": 14,
    "progress_copy": 14,
    "recovery_prefetch": 15,
    "stat_checkpointer": 17,
    "subscription_errors": 15,
    "wal_stats": 14,
    "wal_summaries": 17,
}
# Collectors that have nothing to show on a server that nobody uses.
EMPTY_WHEN_IDLE = {
    "activity_ages",
    "archive_backlog",
    "indexes",
    "logical_decoding",
    "prepared_transactions",
    "progress_analyze",
    "progress_basebackup",
    "progress_cluster",
    "progress_copy",
    "progress_create_index",
    "replication_slots",
    "role_validity",
    "stat_progress_vacuum",
    "stat_replication",
    "stat_user_tables",
    "statio_user_tables",
    "subscription_errors",
    "subscriptions",
    "table_size",
    "table_vacuum",
    "tables",
    "wal_summaries",
    "xmin_horizon",
}


@pytest.fixture(scope="module", params=MAJORS)
def server(shared, request):
    return shared.cluster(request.param)


def expected_reason(name, major, role):
    if role == "primary" and name in FOR_STANDBYS:
        return NOT_FOR_A_PRIMARY
    if name in NEED_EXTENSION:
        return f"needs the extension {NEED_EXTENSION[name]} in database postgres"
    first = FIRST_MAJORS.get(name, major)
    return f"needs Postgres {first} or later, this is {major}" if major < first else None


def check_states(agent, major, role="primary"):
    for collector in agent.status()["collectors"]:
        name, reason = collector["name"], expected_reason(collector["name"], major, role)
        if reason:
            assert (collector["state"], collector["message"]) == ("unsupported", reason), collector
        else:
            assert collector["state"] == "good", collector
            assert collector["series"] > 0 or name in EMPTY_WHEN_IDLE, collector


def test_every_collector_gives_series_or_says_why_not(server, making):
    agent = making.agent_of(server)
    check_states(agent, server.major)
    facts = agent.status()["server"]["facts"]
    assert facts["role"] == "primary" and facts["version"].startswith(f"{server.major}.")
    assert facts["system_identifier"] == str(
        server.value("select system_identifier from pg_control_system()")
    )
    families = agent.scrape()
    assert families.value("pg_up") == 1
    failed = families["pgvigil_collector_failures_total"].samples
    assert not {key: value for key, value in failed.items() if value}


def test_every_collector_gives_series_on_a_standby(server, making):
    standby = making.standby(server)
    try:
        agent = making.agent_of(standby)
        check_states(agent, server.major, "standby")
        assert agent.status()["server"]["facts"]["role"] == "standby"
        assert command("check", env={"DATA_SOURCE_NAME": standby.dsn()}).returncode == 0
    finally:
        standby.remove()
        server.run("select pg_drop_replication_slot('standby_1')")


def test_every_collector_shows_a_database_with_tables(server, making):
    server.run("drop table if exists orders")
    server.run("create table orders (id int primary key, note text)")
    agent = making.agent_of(server)
    families = agent.scrape()
    for name in (
        "pg_stat_user_tables_n_live_tup",
        "pg_statio_user_tables_heap_blocks_hit",
        "pg_stat_user_tables_table_size_bytes",
    ):
        assert families.has(name, relname="orders", datname="postgres"), name
    server.run("drop table orders")


def test_check_is_content_with_pg_monitor(server):
    checked = command("check", env={"DATA_SOURCE_NAME": server.dsn()})
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 failed" in checked.stdout
    assert "GRANT" not in checked.stdout


def test_check_tells_a_bare_role_which_grant_is_missing(server):
    server.run("drop role if exists bare")
    server.create_role("bare", grant=None)
    checked = command("check", env={"DATA_SOURCE_NAME": server.dsn("bare")})
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert 'GRANT pg_monitor TO "bare";' in checked.stdout
    assert "0 failed" in checked.stdout


def test_a_bare_role_sees_what_it_may_and_fails_in_nothing(server, making):
    server.run("drop role if exists bare")
    server.create_role("bare", grant=None)
    agent = making.agent_of(server, dsn=server.dsn("bare"))
    states = {one["name"]: one for one in agent.status()["collectors"]}
    assert not [one for one in states.values() if one["state"] == "failed"]
    assert states["wal"]["state"] == "unsupported"
    assert states["wal"]["mend"] == 'GRANT pg_monitor TO "bare";'
    families = agent.scrape()
    for name in (
        "client_connections",
        "replication_standbys_streaming",
        "open_transactions",
        "blocking_roots",
    ):
        assert not families.has("pgvigil_" + name), "it would count what it may see, and nothing else"
    assert agent.value("pg_up") == 1


def test_collect_prints_one_collector(server):
    environment = {"DATA_SOURCE_NAME": server.dsn()}
    shown = command("collect", "locks", "--format", "metrics", env=environment)
    assert shown.returncode == 0 and "# TYPE pg_locks_count gauge" in shown.stdout
    assert command("collect", "locks", "--format", "json", env=environment).stdout.lstrip()[0] in "{["
    assert "datname" in command("collect", "locks", env=environment).stdout
    assert command("collect", "stat_wal_receiver", env=environment).returncode == 1
    mistyped = command("collect", "lock", env=environment)
    assert mistyped.returncode == 2 and "locks" in mistyped.stderr


def test_check_names_a_server_that_is_not_there(server):
    checked = command("check", env={"DATA_SOURCE_NAME": server.dsn(port=1)})
    assert checked.returncode == 2
    assert "unreachable" in checked.stderr
    assert PASSWORD not in checked.stdout + checked.stderr
    assert server.major in MAJORS


def test_a_grant_is_noticed_while_running(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.create_role("bare", grant=None)
    agent = making.agent_of(server, dsn=server.dsn("bare"), more=every(QUICK, "wal"))
    agent.wait_state("wal", "unsupported")
    server.run("grant pg_monitor to bare")
    agent.wait_state("wal", "good")
