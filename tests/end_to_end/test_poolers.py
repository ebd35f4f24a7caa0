"""Poolers as servers of another kind: PgBouncer and pgpool-II, watched through their consoles."""

import psycopg2
import pytest

from support.agent import command
from support.cluster import PASSWORD
from support.config import QUICK, config, every, pooler_entry
from support.load import Load
from support.names import exported_names
from support.pgpool import PROCESSES
from support.waiting import until

WATCHER = "watcher"
ADMIN = "admin"
USERS = {name: PASSWORD for name in ("pgvigil", WATCHER, ADMIN, "nobody")}
SETTINGS = {"stats_users": WATCHER, "admin_users": ADMIN, "default_pool_size": 2, "query_wait_timeout": 90}
FAST = every(
    QUICK,
    *(f"pgbouncer_{name}" for name in ("pools", "stats", "limits", "databases", "lists", "clients", "servers")),
)
POOL = {"database": "postgres", "user": "pgvigil"}


def console_dsn(bouncer, user=WATCHER, password=PASSWORD, more=""):
    return f"host=127.0.0.1 port={bouncer.port} user={user} password={password} {more}".strip()


def read_names():
    """name -> (type, labels) of those that Debian's PgBouncer 1.18 has."""
    names = {}
    for name, kind, labels, versions in exported_names("pgbouncer_exporter_names.txt"):
        first = versions[0].partition("-")[0] if versions else "1.8"
        if int(first.partition(".")[2]) <= 18:
            names[name] = (kind, labels)
    return names


def keep_clients(making, dsn, statement, count):
    """Clients that run one statement after the other through the pooler, until it is gone."""
    sessions = [psycopg2.connect(dsn) for _ in range(count)]
    making.keep(Load(sessions, [statement] * count, ended_by=(psycopg2.Error,)))


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster()


@pytest.fixture(scope="module")
def bouncer(shared, server):
    return shared.pgbouncer(server, USERS, settings=SETTINGS)


def watching(making, bouncer, more="", **choices):
    return making.agent(pooler_entry("pool", console_dsn(bouncer), more) + FAST, **choices)


def through(server, bouncer):
    return server.dsn(port=bouncer.port)


def test_every_name_of_pgbouncer_exporter_is_there_with_its_type_and_labels(making, server, bouncer):
    keep_clients(making, through(server, bouncer), "select pg_sleep(0.05)", 3)
    agent = watching(making, bouncer)
    until(lambda: agent.value("pgbouncer_pools_client_active_connections", **POOL), "a client is seen")
    families = agent.scrape()
    wrong = []
    for name, (kind, labels) in read_names().items():
        family = families.get(name)
        if family is None:
            wrong.append(f"{name} is missing")
        elif (family.type, family.label_names() - {"target"}) != (kind, labels):
            wrong.append(f"{name}: {family.type} {sorted(family.label_names())}, not {kind} {sorted(labels)}")
    assert not wrong, "\n".join(wrong)
    assert agent.value("pgbouncer_up", target="pool") == 1
    assert agent.value("pgvigil_server_info", target="pool", role="pgbouncer") == 1
    assert "pg_up" not in families and "pg_scrape_collector_success" not in families
    assert agent.value("pgbouncer_config_max_client_connections") == 100
    assert agent.value("pgvigil_pgbouncer_config_query_wait_timeout_seconds") == 90


def test_a_pool_that_is_too_small_is_seen_from_all_sides(making, server, bouncer):
    keep_clients(making, through(server, bouncer), "select pg_sleep(0.3)", 6)
    agent = watching(making, bouncer)
    agent.wait_value(4, "pgbouncer_pools_client_waiting_connections", **POOL)
    agent.wait_value(2, "pgbouncer_pools_server_active_connections", **POOL)
    agent.wait_value(2, "pgvigil_pgbouncer_pool_servers", **POOL)
    agent.wait_value(2, "pgvigil_pgbouncer_pool_size", database="postgres")
    until(
        lambda: 0 < (agent.value("pgvigil_pgbouncer_pool_oldest_wait_seconds", **POOL) or 0) < 90,
        "the oldest wait is told",
    )
    until(
        lambda: agent.value(
            "pgbouncer_client_connections", **POOL, application_name="", state="waiting"
        ),
        "waiting clients are told by application",
    )
    assert agent.value("pgvigil_pgbouncer_client_tls_connections", **POOL) == 0
    # Six clients are in a transaction all the time, two servers are: PgBouncer's own time of transactions says six.
    until(
        lambda: 1 < (agent.value("pgvigil_pgbouncer_busy_servers", database="postgres") or 0) < 3,
        "two servers are busy",
        seconds=120,
    )
    assignments = agent.value("pgvigil_pgbouncer_assignments_total", database="postgres")
    assert assignments == agent.value("pgbouncer_stats_totals_sql_transactions_pooled_total", database="postgres")
    assert agent.value("pgbouncer_stats_totals_client_wait_seconds_total", database="postgres") > 0


def test_a_database_that_is_paused_says_so(making, server, bouncer):
    session = psycopg2.connect(through(server, bouncer))
    session.close()
    agent = watching(making, bouncer)
    bouncer.console("PAUSE postgres", ADMIN, PASSWORD)
    try:
        agent.wait_value(1, "pgvigil_pgbouncer_database_paused", database="postgres")
    finally:
        bouncer.console("RESUME postgres", ADMIN, PASSWORD)
    agent.wait_value(0, "pgvigil_pgbouncer_database_paused", database="postgres")


def test_pgbouncer_may_restart(making, server):
    bouncer = making.pgbouncer(server, USERS, settings=SETTINGS)
    agent = watching(making, bouncer)
    assert agent.value("pgbouncer_up") == 1
    bouncer.stop()
    agent.wait_value(0, "pgbouncer_up")
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    bouncer.start()
    agent.wait_value(1, "pgbouncer_up")
    agent.wait_state("pgbouncer_pools", "good")


def test_pgbouncer_that_is_frozen_is_told_and_taken_up_again(making, server):
    bouncer = making.pgbouncer(server, USERS, settings=SETTINGS)
    agent = watching(making, bouncer)
    bouncer.freeze()
    agent.wait_value(0, "pgbouncer_up")
    assert agent.get("/livez").status == 200
    bouncer.thaw()
    agent.wait_value(1, "pgbouncer_up", seconds=120)


@pytest.mark.parametrize(
    "user, password, hint",
    [
        (WATCHER, "wrong", "auth_file"),
        ("nobody", PASSWORD, "stats_users"),
        ("pgvigil", f"{PASSWORD} dbname=postgres", "dbname=pgbouncer"),
    ],
    ids=["wrong password", "user without the right", "no console"],
)
def test_who_may_not_watch_is_told_what_to_mend(making, bouncer, user, password, hint):
    agent = making.agent(pooler_entry("pool", console_dsn(bouncer, user, password)), ready=False)
    trouble = until(lambda: agent.status()["server"]["trouble"], "the trouble is told")
    assert hint in trouble["hint"], trouble
    assert agent.value("pgbouncer_up") == 0
    checked = command("check", "--config", agent.config_file)
    assert checked.returncode == 2
    assert hint in checked.stderr
    assert PASSWORD not in checked.stdout + checked.stderr + agent.log()


def test_startup_options_that_pgbouncer_refuses_are_named(making, bouncer):
    agent = making.agent(
        pooler_entry("pool", console_dsn(bouncer, more="options='-c geqo=off'")), ready=False
    )
    trouble = until(lambda: agent.status()["server"]["trouble"], "the trouble is told")
    assert "unsupported startup parameter" in trouble["message"]


def test_the_wrong_kind_is_told_with_the_right_one(making, bouncer):
    agent = making.agent(pooler_entry("pool", console_dsn(bouncer), 'kind = "pgcat"\n'), ready=False)
    trouble = until(lambda: agent.status()["server"]["trouble"], "the trouble is told")
    assert "is a PgBouncer" in trouble["message"]
    assert 'kind' in trouble["hint"]


def test_a_server_and_its_poolers_are_watched_beside_each_other(making, server, bouncer):
    more = pooler_entry("one", console_dsn(bouncer)) + pooler_entry("two", console_dsn(bouncer), 'labels = { zone = "b" }')
    agent = making.agent(config(server) + more)
    families = agent.scrape()
    assert agent.value("pg_up") == 1
    until(lambda: agent.value("pgbouncer_up", target="one") == 1, "one is up")
    until(lambda: agent.value("pgbouncer_up", target="two", zone="b") == 1, "two is up")
    until(lambda: agent.value("pgbouncer_databases", target="two", zone="b"), "two is read")
    assert "pg_stat_database_xact_commit" in families
    states = {one["name"]: one for one in agent.status()["servers"]}
    assert states["one"]["server"]["kind"] == "pgbouncer" and states[""]["server"]["kind"] == "postgres"
    assert not [one for one in states[""]["collectors"] if one["name"].startswith("pgbouncer")]
    assert "PgBouncer 1." in agent.get("/").text
    checked = command("check", "--config", agent.config_file)
    assert "pooler         PgBouncer 1." in checked.stdout
    assert checked.returncode == 0, checked.stdout + checked.stderr
    collected = command("collect", "pgbouncer_lists", "--format", "metrics", "--config", agent.config_file)
    assert collected.returncode == 0 and 'pgbouncer_databases{target="one"}' in collected.stdout


def test_pgpool_tells_its_nodes_and_processes(making):
    server = making.cluster(auth_host="trust")
    pgpool = making.pgpool(server)
    quick = every(QUICK, "pgpool_nodes", "pgpool_processes", "pgpool_backend_stats", "pgpool_health_check")
    agent = making.agent(pooler_entry("pgpool", pgpool.dsn(), 'kind = "pgpool"\n') + quick)
    session = psycopg2.connect(pgpool.dsn())
    try:
        agent.wait_value(1, "pgvigil_pooler_up", target="pgpool")
        until(lambda: agent.value("pgvigil_pgpool_node_up", node_id="0") == 1, "the server is in use")
        family = until(lambda: agent.scrape().get("pgvigil_pgpool_processes"), "processes are counted")
        assert sum(family.values()) == PROCESSES
        until(
            lambda: (agent.value("pgvigil_pgpool_busy_processes", database="postgres", username="postgres") or 0) >= 2,
            "our session and the agent's are counted",
        )
        before = agent.value("pgvigil_pgpool_selects_total", node_id="0")
        with session.cursor() as cursor:
            cursor.execute("select 1")
        until(lambda: agent.value("pgvigil_pgpool_selects_total", node_id="0") > before, "a select is counted")
        states = {one["name"]: one["state"] for one in agent.status()["collectors"]}
        assert states["pgpool_health_check"] == "good"
        assert "failed" not in states.values(), agent.status()
    finally:
        session.close()
