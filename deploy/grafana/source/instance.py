"""One server: is it well, what does it do, what does it wait for."""

from source.fleet import UP
from source.model import SERVER, Dashboard, Row, graph, infos, levels, stat

_BY_DATABASE = f"{SERVER}, datname"
_DATABASE_LEGEND = "{{instance}} {{target}} {{datname}}"


def _rate(metric, by=SERVER):
    return f"sum by ({by}) (rate({metric}{{@datname}}[$__rate_interval]))"


def _health():
    return [
        stat("Server", "Whether the server answered within the last interval.", "short", "pg_up{@}",
             more={"mappings": UP, "thresholds": levels(("green", 1), base="red")}, options={"graphMode": "none"}),
        stat("Uptime", "Time since the server's first process started.", "s",
             "time() - pg_postmaster_start_time_seconds{@}", options={"graphMode": "none"}),
        stat("Connections", "Client connections, as a part of max_connections.", "percentunit",
             "pgvigil_client_connections{@} / pgvigil_client_connections_max{@}",
             more={"thresholds": levels(("orange", 0.8), ("red", 0.9)), "min": 0, "max": 1}),
        stat("Oldest transaction", "Age of the oldest open transaction: it holds back vacuum and keeps its locks.", "s",
             "pgvigil_oldest_transaction_age_seconds{@}", more={"thresholds": levels(("orange", 300), ("red", 3600))}),
        stat("Waiting for locks", "Sessions that wait for a lock.", "short",
             f"sum by ({SERVER}) (pgvigil_lock_waiting_sessions{{@datname}})",
             more={"thresholds": levels(("orange", 1), ("red", 10))}),
        stat("Databases", "Disk space of all databases.", "bytes", f"sum by ({SERVER}) (pg_database_size_bytes{{@datname}})"),
        stat("TLS certificate", "Days until the first of the certificates that the server showed ends to be valid; none without "
             "TLS.", "d", "(pgvigil_tls_certificate_not_after_seconds{@} - time()) / 86400", options={"graphMode": "none"},
             more={"thresholds": levels(("orange", 7), ("green", 21), base="red"), "decimals": 1}),
        infos("What it is", "Version, role and system identifier as read last.", "pgvigil_server_info{@}", width=20, height=4),
    ]  # fmt: skip


def _load():
    return [
        graph("Transactions", "Transactions a second that were committed and rolled back.", "ops",
              (_rate("pg_stat_database_xact_commit"), "committed {{instance}} {{target}}"),
              (_rate("pg_stat_database_xact_rollback"), "rolled back {{instance}} {{target}}")),
        graph("Sessions", "Client sessions by what they do; idle in transaction should be near none.", "short",
              (f'sum by ({SERVER}, state) (pgvigil_sessions{{@datname,backend_type="client backend"}})',
               "{{instance}} {{target}} {{state}}"), stacked=True),
        graph("Waits", "What sessions that are in the middle of something wait for.", "short",
              (f"sum by ({SERVER}, wait_event_type, wait_event) (pgvigil_session_waits{{@}})",
               "{{instance}} {{target}} {{wait_event_type}} {{wait_event}}"), stacked=True),
        graph("Rows written", "Rows inserted, updated and deleted a second.", "wps",
              (_rate("pg_stat_database_tup_inserted"), "inserted {{instance}} {{target}}"),
              (_rate("pg_stat_database_tup_updated"), "updated {{instance}} {{target}}"),
              (_rate("pg_stat_database_tup_deleted"), "deleted {{instance}} {{target}}")),
        graph("Rows read", "Rows fetched by indexes and rows returned by scans, a second.", "rps",
              (_rate("pg_stat_database_tup_fetched"), "fetched {{instance}} {{target}}"),
              (_rate("pg_stat_database_tup_returned"), "returned {{instance}} {{target}}")),
        graph("Time by database", "Seconds a second that sessions spent in statements; 2 is two sessions busy all the time.",
              "short", (_rate("pg_stat_database_active_time_seconds_total", _BY_DATABASE), _DATABASE_LEGEND)),
    ]  # fmt: skip


def _storage():
    hits = _rate("pg_stat_database_blks_hit")
    reads = _rate("pg_stat_database_blks_read")
    return [
        graph("Found in shared buffers", "Part of the block reads that shared_buffers answered.", "percentunit",
              f"{hits} / ({hits} + {reads})", more={"max": 1}),
        graph("Blocks read", "Blocks of 8 KiB read from the operating system a second.", "iops",
              (_rate("pg_stat_database_blks_read", _BY_DATABASE), _DATABASE_LEGEND)),
        graph("Time for reads and writes", "Seconds a second that sessions waited for blocks; none unless track_io_timing is on.",
              "short", (_rate("pgvigil_stat_database_blk_read_seconds_total"), "reads {{instance}} {{target}}"),
              (_rate("pgvigil_stat_database_blk_write_seconds_total"), "writes {{instance}} {{target}}")),
        graph("Temporary files", "Bytes a second that sorts and hashes wrote to disk because work_mem was too small.", "Bps",
              (_rate("pg_stat_database_temp_bytes", _BY_DATABASE), _DATABASE_LEGEND)),
        graph("WAL", "Bytes of WAL a second, written on a primary and replayed on a standby.", "Bps",
              "pgvigil_wal_bytes_per_second{@}"),
        graph("Checkpoints", "Checkpoints a minute: requested ones say that max_wal_size is small for the load.", "short",
              ("60 * rate(pgvigil_checkpoints_timed_total{@}[$__rate_interval])", "timed {{instance}} {{target}}"),
              ("60 * rate(pgvigil_checkpoints_requested_total{@}[$__rate_interval])", "requested {{instance}} {{target}}")),
        graph("Database size", "Disk space of each database.", "bytes",
              ("pg_database_size_bytes{@datname}", _DATABASE_LEGEND)),
        graph("Volume", "Bytes that are free on the volumes, where [host] names them.", "bytes",
              ("pgvigil_volume_available_bytes{@agent}", "{{instance}} {{volume}}")),
    ]  # fmt: skip


def _locks():
    return [
        graph("Locks", "Locks held or awaited, by mode.", "short",
              (f"sum by ({SERVER}, mode) (pg_locks_count{{@datname}})", "{{instance}} {{target}} {{mode}}"), stacked=True),
        graph("Longest wait for a lock", "Seconds that the longest waiting session has waited.", "s",
              ("pgvigil_longest_lock_wait_seconds{@datname}", _DATABASE_LEGEND)),
        graph("Deadlocks", "Deadlocks an hour.", "short",
              (f"3600 * {_rate('pg_stat_database_deadlocks', _BY_DATABASE)}", _DATABASE_LEGEND)),
        graph("Idle in transaction", "Seconds for which the laziest session has done nothing in an open transaction.", "s",
              ("pgvigil_database_oldest_idle_in_transaction_seconds{@datname}", _DATABASE_LEGEND)),
    ]  # fmt: skip


def _host():
    return [
        graph("CPU", "Cores that Postgres's container uses, and its limit; [host] cgroup must name it.", "short",
              ("rate(pgvigil_host_cpu_seconds_total{@agent}[$__rate_interval])", "used {{instance}}"),
              ("rate(pgvigil_host_cpu_throttled_seconds_total{@agent}[$__rate_interval])", "throttled {{instance}}")),
        graph("Memory", "Memory of the container without cold page cache, and its limit.", "bytes",
              ("pgvigil_host_memory_working_set_bytes{@agent}", "working set {{instance}}"),
              ("pgvigil_host_memory_limit_bytes{@agent}", "limit {{instance}}")),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "instance",
    "Postgres instance",
    "One server (or a few, side by side): health, load, storage, locks, host.",
    [
        Row("Health", _health()),
        Row("Load", _load()),
        Row("Storage", _storage()),
        Row("Locks", _locks()),
        Row("Host", _host()),
    ],
    datname=True,
)
