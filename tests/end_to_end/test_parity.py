"""Dashboards made for postgres_exporter find here what they look for."""

import re
import threading

import psycopg2.extras
import pytest

from support.cluster import DEBIAN_MAJOR
from support.names import exported_names
from support.peers import PostgresExporter
from support.waiting import until

# What the peer exports and pgvigil does not: a pattern, and why.
NOT_OURS = {
    r"pg_stat_statements_query_id": "has a query's text in a label: pgvigil_statement_info, where allowed",
    r"go_.*": "the Go runtime",
    r"promhttp_.*": "the Go HTTP library; pgvigil_http_requests_total and others tell of our own",
    r"process_(virtual_memory_max_bytes|network_.*)": "of the Go process library; the others of process_ are there",
    r"postgres_exporter_.*": "the exporter's own build and configuration: pgvigil_build_info, pgvigil_config_*",
    r"pg_stat_database_checksum_last_failure": "none has failed: NULL, which the peer makes NaN",
    r"pg_exporter_user_queries_load_error": "custom queries are in collectors.d: see pgvigil_config_*",
}


def not_ours(name):
    return any(re.fullmatch(pattern, name) for pattern in NOT_OURS)


def read_names(major, role="primary"):
    """name -> (type, set of labels), of those that this major has, and a server of this role."""
    names = {}
    for name, kind, labels, more in exported_names("postgres_exporter_names.txt"):
        majors, of_role = (*more, "-", "primary")[:2] if len(more) != 1 else (more[0], "primary")
        first, _, last = ("13-" if majors == "-" else majors).partition("-")
        if int(first) <= major <= int(last or 1000) and role == of_role:
            names[name] = (kind, labels)
    return names


OPTIONAL = (
    "buffercache_summary",
    "process_idle",
    "stat_activity_autovacuum",
    "statio_user_indexes",
)
ALL_ON = "\n".join(f"[collector.{name}]\nenabled = true" for name in OPTIONAL)


def differences(families, major, role="primary"):
    """How what is served differs from the peer's list, a line each."""
    wrong = []
    for name, (kind, labels) in read_names(major, role).items():
        parts = [name + part for part in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name]
        found = [families.get(part) for part in parts]
        if None in found:
            wrong += [] if not_ours(name) else [f"{name} is missing"]
            continue
        shown = set().union(*(family.label_names() for family in found))
        if shown != labels or kind != "histogram" and found[0].type != kind:
            wrong.append(f"{name}: {found[0].type} {sorted(shown)}, not {kind} {sorted(labels)}")
    return wrong


class Busy:
    """Gives a server something to tell of: an archive, slots, a reader of WAL, running vacuums, extensions."""

    SETTINGS = {
        "wal_level": "logical",
        "archive_mode": "on",
        "archive_command": "/bin/true",
        "max_slot_wal_keep_size": "1GB",
        "wal_sender_timeout": 0,
        "shared_preload_libraries": "pg_stat_statements",
        "autovacuum_naptime": "1s",
    }

    def __init__(self, server):
        self._server = server
        server.run("create extension pg_stat_statements; create extension pg_buffercache")
        server.run("create table orders (id int primary key, note text) with (autovacuum_enabled = off)")
        server.run("insert into orders select i, repeat('x', 500) from generate_series(1, 20000) i")
        server.run("delete from orders where id % 2 = 0")
        server.run("select pg_create_physical_replication_slot('reader', true)")
        server.run("select pg_create_logical_replication_slot('decoder', 'test_decoding')")
        server.run("select pg_stat_reset(), pg_stat_reset_shared('bgwriter')")
        server.run("select pg_switch_wal()")
        slow = "autovacuum_vacuum_threshold = 1, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"
        server.run(
            f"create table swept with ({slow}) as"
            " select i, repeat('x', 500) from generate_series(1, 20000) i"
        )
        server.run("delete from swept where i % 2 = 0")
        until(
            lambda: server.value("select archived_count from pg_stat_archiver"), "a WAL segment is archived"
        )
        self._reader = server.connect(
            connection_factory=psycopg2.extras.PhysicalReplicationConnection, autocommit=False
        )
        position = server.value("select pg_current_wal_flush_lsn()")
        with self._reader.cursor() as cursor:
            cursor.start_replication(
                slot_name="reader", slot_type=psycopg2.extras.REPLICATION_PHYSICAL, start_lsn=position
            )
            numeric = int(server.value("select %s::pg_lsn - '0/0'", (position,)))
            cursor.send_feedback(numeric, numeric, numeric, force=True)
        until(
            lambda: server.value("select state from pg_stat_replication") == "streaming", "the reader streams"
        )
        until(
            lambda: server.value("select replay_lsn from pg_stat_replication"),
            "the reader has told its position",
        )
        self._idle = server.connect()
        self._idle.cursor().execute("select 1")
        self._vacuum = server.connect()
        with self._vacuum.cursor() as cursor:
            cursor.execute("set vacuum_cost_delay = '100ms'; set vacuum_cost_limit = 1")
        self._thread = threading.Thread(target=self._run_vacuum, daemon=True)
        self._thread.start()
        until(lambda: server.value("select count(*) from pg_stat_progress_vacuum") > 1, "the vacuums run")

    def _run_vacuum(self):
        try:
            with self._vacuum.cursor() as cursor:
                cursor.execute("vacuum (parallel 0) orders")
        except psycopg2.Error:
            pass  # it is cancelled at the end

    def remove(self):
        self._vacuum.cancel()
        self._thread.join(30)
        self._vacuum.close()
        self._reader.close()
        self._idle.close()


@pytest.fixture(scope="module", params=[13, DEBIAN_MAJOR, 18])
def busy(shared, request):
    server = shared.cluster(request.param, settings=Busy.SETTINGS)
    shared.keep(Busy(server))
    return server


def test_every_name_of_0_20_is_there_with_its_type_and_labels(busy, making):
    wrong = differences(making.agent_of(busy, more=ALL_ON).scrape(), busy.major)
    assert not wrong, "\n".join(wrong)


def test_every_name_that_only_a_standby_has_is_there(busy, making):
    standby = making.standby(busy)
    until(lambda: standby.value("select status from pg_stat_wal_receiver") == "streaming", "the standby streams")
    wrong = differences(making.agent_of(standby).scrape(), busy.major, "standby")
    assert not wrong, "\n".join(wrong)


def test_every_numeric_setting_is_there(busy, making):
    families = making.agent_of(busy).scrape(collect=["settings"])
    parameters = {
        re.sub("[^a-zA-Z0-9_]", "_", row[0])
        for row in busy.rows("select name from pg_settings where vartype in ('bool', 'integer', 'real')")
    }
    shown = {re.sub("^pg_settings_", "", name) for name in families}
    missing = {name for name in parameters if not {name, name + "_seconds", name + "_bytes"} & shown}
    assert not missing


def test_exporter_of_debian_has_no_name_that_is_missing_here(making):
    server = making.cluster(settings=Busy.SETTINGS, initdb=["--data-checksums"])
    making.keep(Busy(server))
    exporter = making.keep(PostgresExporter(server.uri()))
    theirs = until(exporter.scrape, "the exporter gives its metrics")
    assert "pg_stat_activity_count" in theirs and "pg_settings_work_mem_bytes" in theirs
    ours = making.agent_of(server, more='[compatibility]\npostgres_exporter = "0.15"\n').scrape()
    missing = {name for name in theirs if name not in ours and not not_ours(name)}
    assert not missing


def test_exporter_of_debian_reads_the_same_settings(making, cluster):
    theirs = making.keep(PostgresExporter(cluster.uri())).scrape()
    ours = making.agent_of(cluster, more='[compatibility]\npostgres_exporter = "0.15"\n').scrape(
        collect=["settings"]
    )
    session_dependent = {
        "statement_timeout",
        "lock_timeout",
        "jit",
        "extra_float_digits",
        "transaction_read_only",
        "max_parallel_workers_per_gather",
    }
    different = {}
    for name, family in theirs.items():
        if not name.startswith("pg_settings_") or any(one in name for one in session_dependent):
            continue
        if name in ours and ours[name].values() != family.values():
            different[name] = (ours[name].values(), family.values())
    assert not different


def test_compatibility_off_exports_no_misleading_name(making, cluster):
    ours = making.agent_of(cluster, more='[compatibility]\npostgres_exporter = "off"\n').scrape()
    for name in (
        "pg_long_running_transactions",
        "pg_stat_bgwriter_checkpoint_write_time_total",
        "pg_exporter_scrapes_total",
        "pg_database_wraparound_age_datfrozenxid_seconds",
    ):
        assert name not in ours
    assert "pgvigil_open_transactions" in ours and "pg_up" in ours
