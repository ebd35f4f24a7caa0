"""Vacuum, wraparound, and what is the matter with tables and indexes."""

from source.model import Dashboard, Row, graph, levels, stat, table

TABLE = "instance, target, datname, schemaname, relname"
NAME = "{{instance}} {{target}} {{datname}} {{schemaname}}.{{relname}}"
TOP = 15


def _top(text):
    return f"topk({TOP}, {text})"


def _wraparound():
    return [
        stat("Oldest transaction id", "Transactions since the oldest unfrozen one; the server stops before 2.1 billion.",
             "short", "max by (instance, target) (pgvigil_database_xid_age{@datname})", width=6,
             more={"thresholds": levels(("orange", 500_000_000), ("red", 1_500_000_000))}),
        stat("Oldest multixact", "Multixacts since the oldest one that is still held.", "short",
             "max by (instance, target) (pgvigil_database_multixact_age{@datname})", width=6,
             more={"thresholds": levels(("orange", 500_000_000), ("red", 1_500_000_000))}),
        stat("What holds back vacuum", "Transactions since the oldest snapshot that sessions, slots, standbys or prepared "
             "transactions hold.", "short", "max by (instance, target) (pgvigil_xmin_horizon_age{@})", width=6,
             more={"thresholds": levels(("orange", 10_000_000))}),
        stat("Autovacuum workers", "Autovacuum workers that run now.", "short",
             'sum by (instance, target) (pgvigil_sessions{@,backend_type="autovacuum worker"}) or 0 * pg_up{@}', width=6),
        graph("Transaction id age", "Of each database.", "short",
              ("pgvigil_database_xid_age{@datname}", "{{instance}} {{target}} {{datname}}")),
        graph("Who holds back vacuum", "Transactions since the snapshot of each holder.", "short",
              ("max by (instance, target, holder, holder_name) (pgvigil_xmin_horizon_age{@})",
               "{{instance}} {{target}} {{holder}} {{holder_name}}")),
    ]  # fmt: skip


def _vacuum():
    return [
        table("Tables that vacuum should look at", "The tables nearest to, or beyond, what makes autovacuum come; 1 is due.",
              ("Due", "percentunit", _top("pgvigil_table_vacuum_threshold_ratio{@datname}")),
              ("Dead rows", "short", _top("pg_stat_user_tables_n_dead_tup{@datname}")),
              ("Live rows", "short", _top("pg_stat_user_tables_n_live_tup{@datname}")),
              ("Freezing due", "percentunit", _top("pgvigil_table_freeze_ratio{@datname}")), height=10),
        graph("Dead rows", "The tables with the most dead rows.", "short",
              (_top("pg_stat_user_tables_n_dead_tup{@datname}"), NAME)),
        graph("Vacuums and analyzes", "Runs an hour, by autovacuum and by hand.", "short",
              ("3600 * sum by (instance, target) (rate(pg_stat_user_tables_autovacuum_count{@datname}[$__rate_interval]))",
               "autovacuum {{instance}} {{target}}"),
              ("3600 * sum by (instance, target) (rate(pg_stat_user_tables_vacuum_count{@datname}[$__rate_interval]))",
               "vacuum {{instance}} {{target}}"),
              ("3600 * sum by (instance, target) (rate(pg_stat_user_tables_autoanalyze_count{@datname}[$__rate_interval]))",
               "autoanalyze {{instance}} {{target}}")),
        graph("Vacuum in progress", "Part of the table that the running vacuums have scanned.", "percentunit",
              ("pg_stat_progress_vacuum_heap_blks_scanned{@datname} / pg_stat_progress_vacuum_heap_blks{@datname}",
               "{{instance}} {{target}} {{datname}} {{relname}}")),
        graph("HOT updates", "Part of the updates that needed no new index entries: low ones make bloat.", "percentunit",
              ("sum by (instance, target, datname) (rate(pg_stat_user_tables_n_tup_hot_upd{@datname}[$__rate_interval]))"
               " / (sum by (instance, target, datname) (rate(pg_stat_user_tables_n_tup_upd{@datname}[$__rate_interval])) > 0)",
               "{{instance}} {{target}} {{datname}}")),
    ]  # fmt: skip


def _tables():
    return [
        table("Largest tables", "Disk space, as the last vacuum or analyze left it, and how they are read.",
              ("Size", "bytes", _top("pgvigil_table_estimated_size_bytes{@datname}")),
              ("Sequential scans", "short", _top("pg_stat_user_tables_seq_scan{@datname} > 0")),
              ("Rows of such a scan", "short",
               _top("pg_stat_user_tables_seq_tup_read{@datname} / (pg_stat_user_tables_seq_scan{@datname} > 0)")), height=10),
        graph("Rows read by sequential scans", "Rows a second: a large table high up here may lack an index.", "rps",
              (_top(f"sum by ({TABLE}) (rate(pg_stat_user_tables_seq_tup_read{{@datname}}[$__rate_interval]))"), NAME)),
        graph("Rows changed", "Rows inserted, updated and deleted, a second, by table.", "wps",
              (_top(f"sum by ({TABLE}) (rate(pg_stat_user_tables_n_tup_ins{{@datname}}[$__rate_interval]))"
                    f" + sum by ({TABLE}) (rate(pg_stat_user_tables_n_tup_upd{{@datname}}[$__rate_interval]))"
                    f" + sum by ({TABLE}) (rate(pg_stat_user_tables_n_tup_del{{@datname}}[$__rate_interval]))"), NAME)),
    ]  # fmt: skip


def _faults():
    return [
        table("Indexes that nothing has scanned", "Since the last reset of the statistics on this server: "
              "standbys have their own.",
              ("Size", "bytes", _top("pgvigil_index_estimated_size_bytes{@datname}"
                                     " and on (instance, target, datname, schemaname, relname, indexrelname)"
                                     " (pgvigil_index_scans_total{@datname} == 0)")), height=8),
        stat("Invalid indexes", "Indexes that no query may use.", "short",
             "sum by (instance, target) (pgvigil_invalid_indexes{@datname})", width=6,
             more={"thresholds": levels(("orange", 1))}),
        stat("Foreign keys without an index", "Deleting a row that is referred to reads the whole table.", "short",
             "sum by (instance, target) (pgvigil_foreign_keys_unindexed{@datname})", width=6,
             more={"thresholds": levels(("orange", 1))}),
        stat("Tables without a primary key", "They cannot be replicated logically, and rows cannot be told apart.", "short",
             "sum by (instance, target) (pgvigil_tables_without_primary_key{@datname})", width=6),
        stat("Fullest sequence", "Part of the numbers of the fullest sequence that is used up.", "percentunit",
             "max by (instance, target) (pgvigil_sequence_used_ratio{@datname})", width=6,
             more={"thresholds": levels(("orange", 0.7), ("red", 0.9))}),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "vacuum",
    "Postgres vacuum and tables",
    "Wraparound, vacuum, and what is the matter with tables and indexes.",
    [
        Row("Wraparound", _wraparound()),
        Row("Vacuum", _vacuum()),
        Row("Tables", _tables()),
        Row("Faults", _faults()),
    ],
    datname=True,
    since="now-6h",
)
