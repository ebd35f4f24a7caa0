"""WAL, archive, files, settings and commands in progress, made on purpose."""

import contextlib
import subprocess
import threading

import psycopg2
import pytest

from support import places
from support.cluster import DEBIAN_MAJOR, MAJORS, bin_folder
from support.config import QUICK, every
from support.waiting import stays, until

SETTINGS = {
    "archive_mode": "on",
    "archive_command": "/bin/false",
    "track_io_timing": "on",
    "track_wal_io_timing": "on",
    "max_parallel_maintenance_workers": 0,
}
ON = """
[collector.{}]
enabled = true
"""
PROGRESS = ("analyze", "basebackup", "cluster", "copy", "create_index")
OPTIONAL = ("blocking_tree", "configuration_files", "process_idle", "stat_activity_autovacuum")


@pytest.fixture(scope="module", params=(13, DEBIAN_MAJOR, 18))
def server(shared, request):
    settings = {key: value for key, value in SETTINGS.items() if request.param >= 14 or "wal_io" not in key}
    server = shared.cluster(request.param, settings=settings)
    server.run("create table orders (id int, note text)")
    server.run("insert into orders select i, repeat('x', 100) from generate_series(1, 50000) i")
    return server


def set_parameter(server, name, value):
    server.run(f"alter system set {name} = '{value}'")
    server.run("select pg_reload_conf()")


def reset_parameter(server, name):
    server.run(f"alter system reset {name}")
    server.run("select pg_reload_conf()")


@contextlib.contextmanager
def running(server, *sqls):
    """A session that runs these for as long as the block lasts."""
    session = server.connect()

    def run():
        with contextlib.suppress(psycopg2.Error), session.cursor() as cursor:
            for sql in sqls:
                cursor.execute(sql)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield session
    finally:
        while thread.is_alive():
            session.cancel()
            thread.join(0.2)
        session.close()


def test_an_archive_that_fails_tells_its_backlog(server, making):
    agent = making.agent_of(server, more=every(QUICK, "stat_archiver"))
    server.run("select pg_switch_wal()")
    agent.wait_value(1, "pgvigil_archiver_failing")
    agent = making.agent_of(server)
    families = agent.scrape()
    files = families.value("pgvigil_archive_ready_files")
    assert files >= 1
    assert families.value("pgvigil_archive_ready_bytes") == files * 16 * 1024 * 1024
    assert families.value("pgvigil_archive_oldest_ready_seconds") > 0
    assert families.value("pgvigil_archiver_last_failure_age_seconds") < 60
    for name in ("pgvigil_archiver_lag_bytes", "pg_stat_archiver_last_archive_age"):
        assert families.value(name) is None, "no file was archived yet"
    set_parameter(server, "archive_command", "/bin/true")
    server.run("select pg_switch_wal()")
    until(lambda: server.value("select archived_count from pg_stat_archiver"), "a file is archived")
    server.run("insert into orders select i, 'more' from generate_series(1, 10000) i")
    until(
        lambda: server.value("select count(*) from pg_ls_archive_statusdir() where name like '%.ready'") == 0,
        "all is archived",
    )
    families = making.agent_of(server).scrape()
    assert families.value("pgvigil_archiver_failing") == 0
    assert families.value("pgvigil_archive_ready_files") == 0
    assert families.value("pgvigil_archive_oldest_ready_seconds") is None
    current, archived = server.rows(
        "select pg_current_wal_lsn() - '0/0', last_archived_wal from pg_stat_archiver"
    )[0]
    end = int(archived[8:16], 16) * 2**32 + (int(archived[16:], 16) + 1) * 2**24
    assert 0 < families.value("pgvigil_archiver_lag_bytes") <= current - end


def test_what_would_be_lost_is_0_on_an_idle_server_and_grows_from_a_commit_on(making):
    server = making.cluster(settings={"archive_mode": "on", "archive_command": "/bin/true", "archive_timeout": 0})
    server.run("create table orders (id int); select pg_switch_wal()")
    until(lambda: server.value("select archived_count from pg_stat_archiver"), "a file is archived")
    agent = making.agent_of(server, more=every(QUICK, "stat_archiver"))
    agent.wait_value(0, "pgvigil_archiver_lag_seconds")
    server.run("checkpoint")  # moves the position, and nothing is lost with it
    stays(lambda: agent.value("pgvigil_archiver_lag_seconds") == 0, "nothing would be lost", 3)
    server.run("insert into orders values (1)")
    until(lambda: agent.value("pgvigil_archiver_lag_seconds") > 3, "the row would be lost")
    server.run("select pg_switch_wal()")
    agent.wait_value(0, "pgvigil_archiver_lag_seconds")


def test_wal_io_and_small_caches_are_counted(server, making):
    agent = making.agent_of(server, more=every(QUICK, "wal_stats"))
    families = agent.scrape()
    caches = {labels["slru"] for labels in families["pgvigil_slru_blocks_hit_total"].label_sets()}
    assert len(caches) >= 8
    if server.major >= 14:
        before = families.value("pgvigil_wal_bytes_total")
        server.run("insert into orders select i, 'wal' from generate_series(1, 20000) i")
        until(
            lambda: agent.value("pgvigil_wal_bytes_total") > before + 1_000_000, "WAL is counted", pause=0.3
        )
        families = agent.scrape()
        assert families.value("pgvigil_wal_records_total") > 20_000
        assert families.value("pgvigil_wal_writes_total") > 0
        assert families.value("pgvigil_wal_write_seconds_total") > 0
    if server.major >= 16:
        server.run("checkpoint")
        families = making.agent_of(server).scrape()
        written = {"backend_type": "checkpointer", "object": "relation", "context": "normal"}
        operations = families.value("pgvigil_io_writes_total", **written)
        assert families.value("pgvigil_io_write_bytes_total", **written) == operations * 8192 > 0
        assert families.value("pgvigil_io_write_seconds_total", **written) > 0
        assert (families.value("pgvigil_checkpoints_done_total") is not None) == (server.major >= 18)


def test_temporary_files_are_seen_while_they_are_there(server, making):
    with server.session(autocommit=False) as session, session.cursor() as cursor:
        cursor.execute("set work_mem = '64kB'")
        cursor.execute(
            "declare sorted cursor for select i from generate_series(1, 200000) i order by i % 1000"
        )
        cursor.execute("fetch 1 from sorted")
        families = making.agent_of(server).scrape()
        assert families.value("pgvigil_temporary_files", tablespace="pg_default") >= 1
        assert families.value("pgvigil_temporary_file_bytes", tablespace="pg_default") > 1_000_000
        session.rollback()
    families = making.agent_of(server).scrape()
    assert families.value("pgvigil_temporary_files", tablespace="pg_default") == 0
    assert families.value("pgvigil_temporary_file_oldest_seconds", tablespace="pg_default") is None


def test_a_parameter_that_waits_for_a_restart_is_named(server, making):
    agent = making.agent_of(server, more=every(QUICK, "settings_state"))
    assert agent.value("pgvigil_settings_pending_restart") == 0
    set_parameter(server, "max_connections", 21)
    agent.wait_value(1, "pgvigil_setting_pending_restart", setting="max_connections")
    assert agent.value("pgvigil_settings_pending_restart") == 1
    reset_parameter(server, "max_connections")
    agent.wait_value(0, "pgvigil_settings_pending_restart")


def test_a_changed_parameter_is_told_in_the_log_with_both_its_values(server, making):
    agent = making.agent_of(server, more=every(QUICK, "settings", "settings_state"))
    before = server.value("show log_lock_waits")
    was, now = ("0", "1") if before == "off" else ("1", "0")
    assert "value_changed" not in agent.log()
    set_parameter(server, "log_lock_waits", "on" if before == "off" else "off")
    agent.wait_log(f"event=value_changed collector=settings series=pg_settings_log_lock_waits before={was} now={now}")
    agent.wait_log("event=value_changed collector=settings_state series=pgvigil_settings_checksum")
    reset_parameter(server, "log_lock_waits")
    agent.wait_log(f"series=pg_settings_log_lock_waits before={now} now={was}")


def test_a_changed_parameter_changes_the_checksum_and_back(server, making):
    agent = making.agent_of(server, more=every(QUICK, "settings_state"))
    before, loaded = (
        agent.value(f"pgvigil_settings_{name}") for name in ("checksum", "loaded_timestamp_seconds")
    )
    assert 0 < before < 2**52
    set_parameter(server, "log_lock_waits", "on" if server.value("show log_lock_waits") == "off" else "off")
    until(lambda: agent.value("pgvigil_settings_checksum") != before, "it changes", pause=0.3)
    assert agent.value("pgvigil_settings_loaded_timestamp_seconds") > loaded
    reset_parameter(server, "log_lock_waits")
    agent.wait_value(before, "pgvigil_settings_checksum")


def test_connections_and_roles_tell_encryption_and_validity(server, making):
    server.run("create role leaver login valid until '2030-01-01 00:00:00+00'")
    with server.session():
        families = making.agent_of(server).scrape()
    assert families.value("pgvigil_role_valid_until_timestamp_seconds", rolname="leaver") == 1893456000
    assert families.value("pgvigil_role_valid_until_timestamp_seconds", rolname="pgvigil") is None
    assert families.value("pgvigil_encrypted_sessions", protocol="none", via="local") >= 1
    assert families.value("pgvigil_encrypted_sessions", protocol="none", via="network") >= 1
    server.run("drop role leaver")


# Commands in progress


@pytest.fixture
def progress(server, making):
    return making.agent_of(server, more=every(QUICK, *(f"progress_{name}" for name in PROGRESS)))


def test_an_index_build_tells_its_phase_and_whom_it_waits_for(server, progress):
    with server.session(autocommit=False) as writer:
        writer.cursor().execute("insert into orders values (0, 'open')")
        with running(server, "create index concurrently held on orders (id)"):
            labels = {"relname": "orders", "command": "CREATE INDEX CONCURRENTLY"}
            progress.wait_value(1, "pgvigil_create_index_progress_lockers", **labels)
            families = progress.scrape()
            assert families.value("pgvigil_create_index_progress_commands", **labels) == 1
            assert families.value("pgvigil_create_index_progress_lockers_done", **labels) == 0
            assert families.has(
                "pgvigil_create_index_progress_commands", phase="waiting for writers before build"
            )
        writer.rollback()
    server.run("drop index if exists held")
    progress.wait_value(None, "pgvigil_create_index_progress_commands")


def test_analyze_tells_its_sample(server, progress):
    slowly = "set vacuum_cost_delay = '100ms'; set vacuum_cost_limit = 1"
    blocks = server.value("select pg_relation_size('orders') / 8192")
    with running(server, slowly, "analyze orders"):
        progress.wait_value(blocks, "pgvigil_analyze_progress_sample_blocks", relname="orders")
        families = progress.scrape()
        assert families.has("pgvigil_analyze_progress_phase", relname="orders", phase="acquiring sample rows")
        assert families.value("pgvigil_analyze_progress_sample_blocks_scanned", relname="orders") <= blocks
        assert families.has("pgvigil_analyze_progress_delay_seconds") == (server.major >= 18)
    progress.wait_value(None, "pgvigil_analyze_progress_phase")


def test_vacuum_tells_how_long_it_sleeps(server, making):
    if server.major < 18:
        pytest.skip("pg_stat_progress_vacuum tells it since 18")
    agent = making.agent_of(server, more=every(QUICK, "stat_progress_vacuum"))
    slowly = "set vacuum_cost_delay = '100ms'; set vacuum_cost_limit = 1; set track_cost_delay_timing = on"
    with running(server, slowly, "vacuum orders"):
        until(
            lambda: agent.value("pgvigil_vacuum_progress_delay_seconds", relname="orders") > 0.1,
            "it has slept",
            pause=0.3,
        )


def test_a_full_vacuum_tells_its_phase(server, progress):
    function = "create or replace function slow(i int) returns int language plpgsql immutable as "
    server.run(function + "$$begin return i; end$$")
    server.run("create table slow_table as select generate_series(1, 11) as i")
    server.run("create index on slow_table (slow(i))")
    server.run(function + "$$begin perform pg_sleep(60); return i; end$$")
    with running(server, "vacuum full slow_table"):
        labels = {"relname": "slow_table", "command": "VACUUM FULL"}
        progress.wait_value(1, "pgvigil_cluster_progress_phase", phase="rebuilding index", **labels)
        assert progress.value("pgvigil_cluster_progress_tuples_written", relname="slow_table") == 11
    server.run("drop table slow_table; drop function slow")
    progress.wait_value(None, "pgvigil_cluster_progress_phase")


class EndlessRows:
    """A file for COPY FROM STDIN that has given some rows, and gives no more until it is ended."""

    def __init__(self, rows):
        self._pieces = [f"{i}\trow\n".encode() for i in range(rows)]
        self.ended = threading.Event()

    def read(self, _size):
        if self._pieces:
            return self._pieces.pop()
        self.ended.wait(60)
        return b""


def test_copies_into_one_table_are_added_up(server, making):
    if server.major < 14:
        pytest.skip("pg_stat_progress_copy is there since 14")
    agent = making.agent_of(server, more=every(QUICK, "progress_copy"))
    rows = [EndlessRows(20_000) for _ in range(2)]
    sessions = [server.connect() for _ in rows]
    threads = [
        threading.Thread(
            target=lambda session, source: session.cursor().copy_expert("copy orders from stdin", source),
            args=pair,
            daemon=True,
        )
        for pair in zip(sessions, rows)
    ]
    for thread in threads:
        thread.start()
    labels = {"relname": "orders", "command": "COPY FROM", "type": "PIPE"}
    try:
        agent.wait_value(2, "pgvigil_copy_progress_commands", **labels)
        until(
            lambda: agent.value("pgvigil_copy_progress_tuples", **labels) > 20_000,
            "rows are counted",
            pause=0.3,
        )
        families = agent.scrape()
        assert families.value("pgvigil_copy_progress_bytes_done", **labels) > 100_000
        assert families.value("pgvigil_copy_progress_bytes", **labels) is None, "a pipe has no size"
    finally:
        for source in rows:
            source.ended.set()
        for thread in threads:
            thread.join(30)
        for session in sessions:
            session.close()
    agent.wait_value(None, "pgvigil_copy_progress_commands")


def test_a_base_backup_tells_how_far_it_is(server, progress):
    if server.major != DEBIAN_MAJOR:
        pytest.skip("pg_basebackup is there for Debian's version only")
    folder = places.new_folder("basebackup")
    words = ["pg_basebackup", "--pgdata", folder, "--host", server.home, "--port", str(server.port)]
    options = [
        "--username=postgres",
        "--checkpoint=fast",
        "--max-rate=100k",
        "--no-sync",
        "--wal-method=none",
    ]
    program = f"{bin_folder(server.major)}/{words[0]}"
    with subprocess.Popen([program, *words[1:], *options], stderr=subprocess.DEVNULL) as backup:
        try:
            mine = {"usename": "postgres", "application_name": "pg_basebackup"}
            progress.wait_value(
                1, "pgvigil_basebackup_progress_backups", phase="streaming database files", **mine
            )
            size = progress.value("pgvigil_basebackup_progress_bytes", **mine)
            assert size > 10_000_000
            until(
                lambda: 0 < progress.value("pgvigil_basebackup_progress_bytes_streamed", **mine) < size,
                "bytes are streamed",
                pause=0.3,
            )
        finally:
            backup.kill()
    places.remove_folder(folder)


# Collectors that are off


@pytest.mark.parametrize("major", MAJORS)
def test_collectors_that_are_off_work_when_they_are_on(making, major):
    server = making.cluster(major)
    server.run("grant select on pg_file_settings, pg_hba_file_rules to pgvigil")
    server.run("grant execute on function pg_show_all_file_settings(), pg_hba_file_rules() to pgvigil")
    server.run("create extension pg_buffercache")
    names = [*OPTIONAL, "buffercache_summary"]
    agent = making.agent_of(server, more="".join(ON.format(name) for name in names))
    for name in names:
        state = agent.collector(name)
        if name == "buffercache_summary" and major < 16:
            assert state["message"] == f"needs Postgres 16 or later, this is {major}"
        else:
            assert state["state"] == "good", state
    families = agent.scrape()
    assert families.value("pgvigil_configuration_file_errors") == 0
    assert families.value("pgvigil_hba_file_errors") == 0
    if major >= 16:
        used = families.value("pg_buffercache_summary_buffers_used")
        assert used + families.value("pg_buffercache_summary_buffers_unused") == 2048


def test_mistakes_in_the_configuration_files_are_counted(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.run("grant select on pg_file_settings, pg_hba_file_rules to pgvigil")
    server.run("grant execute on function pg_show_all_file_settings(), pg_hba_file_rules() to pgvigil")
    server.configure({"work_mem": "much"})
    with open(f"{server.data}/pg_hba.conf", "a", encoding="utf-8") as file:
        file.write("host everybody\n")
    families = making.agent_of(server, more=ON.format("configuration_files")).scrape()
    assert families.value("pgvigil_configuration_file_errors") >= 1
    assert families.value("pgvigil_hba_file_errors") == 1


def test_idle_sessions_fill_the_buckets_of_postgres_exporter(making, cluster):
    agent = making.agent_of(cluster, more=ON.format("process_idle") + 'every = "1s"\n')
    labels = {"state": "idle", "application_name": "test"}
    with cluster.session(), cluster.session():
        agent.wait_value(2, "pg_process_idle_seconds_count", **labels)
        until(
            lambda: agent.value("pg_process_idle_seconds_bucket", le="1", **labels) == 0,
            "a second goes by",
            pause=0.3,
        )
        families = agent.scrape()
        assert families.value("pg_process_idle_seconds_bucket", le="+Inf", **labels) == 2
        assert families.value("pg_process_idle_seconds_bucket", le="300", **labels) == 2
        assert families.value("pg_process_idle_seconds_sum", **labels) > 2
