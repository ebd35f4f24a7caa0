"""Standbys, slots, archiving: how much would be lost, and what keeps WAL on the disk."""

from source.model import SERVER, Dashboard, Row, graph, levels, stat, table, words

STANDBY = "{{instance}} {{target}} {{application_name}} {{client_addr}}"
SLOT = "{{instance}} {{target}} {{slot_name}}"
MEMBER = "{{scope}} {{instance}} {{target}}"


def _overview():
    return [
        stat("Role", "Standby while the server is in recovery, else primary.", "short", "pg_replication_is_replica{@}",
             options={"graphMode": "none"}, more={"mappings": words(v0=("primary", "green"), v1=("standby", "blue"))}),
        stat("Replay lag", "Seconds that this standby is behind; 0 while it has replayed all that it received.", "s",
             "pgvigil_replication_lag_seconds{@}", more={"thresholds": levels(("orange", 30), ("red", 300))}),
        stat("Replay lag in bytes", "Bytes of WAL that this standby has received and not replayed.", "bytes",
             "pgvigil_replication_lag_bytes{@}"),
        stat("Streaming standbys", "Standbys that stream from this server.", "short",
             "pgvigil_replication_standbys_streaming{@}"),
        stat("Synchronous standbys", "Standbys that a commit may wait for.", "short",
             "pgvigil_replication_standbys_synchronous{@}"),
        stat("Slots in use", "Replication slots, as a part of max_replication_slots.", "percentunit",
             "pgvigil_replication_slots{@} / pgvigil_replication_slots_max{@}"),
    ]  # fmt: skip


def _standbys():
    return [
        table("Standbys", "As the primary sees them.",
              ("Write lag", "bytes", "pgvigil_replication_standby_write_lag_bytes{@}"),
              ("Flush lag", "bytes", "pgvigil_replication_standby_flush_lag_bytes{@}"),
              ("Replay lag", "bytes", "pgvigil_replication_standby_replay_lag_bytes{@}"),
              ("Last reply", "s", "pgvigil_replication_standby_reply_age_seconds{@}"), height=7),
        graph("Replay lag by standby", "Bytes of WAL that each standby has still to replay.", "bytes",
              ("pgvigil_replication_standby_replay_lag_bytes{@}", STANDBY)),
        graph("Replay lag by standby in time", "Seconds from writing WAL here to its replay there; absent while idle.", "s",
              ("pgvigil_replication_standby_replay_lag_seconds{@}", STANDBY)),
        graph("Lag as the standby sees it", "Seconds since the last replayed transaction, 0 when nothing waits.", "s",
              "pgvigil_replication_lag_seconds{@}"),
        graph("Cancelled queries", "Queries an hour that were cancelled on standbys because replay could not wait.", "short",
              (f"3600 * sum by ({SERVER}) (rate(pg_stat_database_conflicts{{@}}[$__rate_interval]))",
               "{{instance}} {{target}}")),
    ]  # fmt: skip


def _slots():
    return [
        table("Slots", "What each slot keeps, and how much more it may keep before it is lost.",
              ("Retained", "bytes", "pgvigil_replication_slot_retained_bytes{@}"),
              ("Inactive", "bool_yes_no", "pgvigil_replication_slot_inactive{@}"),
              ("Until it is lost", "bytes", "pgvigil_replication_slot_safe_bytes{@}"), height=7),
        graph("WAL kept by slots", "Bytes of WAL that each slot keeps from being removed.", "bytes",
              ("pgvigil_replication_slot_retained_bytes{@}", SLOT)),
        graph("WAL on disk", "Disk space of pg_wal.", "bytes", "pg_wal_size_bytes{@}"),
        graph("Logical decoding", "Bytes a second that were decoded, and that spilled to disk on the way.", "Bps",
              ("rate(pgvigil_logical_decoding_bytes_total{@}[$__rate_interval])", "decoded " + SLOT),
              ("rate(pgvigil_logical_decoding_spilled_bytes_total{@}[$__rate_interval])", "spilled " + SLOT)),
        graph("Subscriptions", "Bytes that each subscription has received and not confirmed.", "bytes",
              ("pgvigil_subscription_unconfirmed_bytes{@datname}", "{{instance}} {{target}} {{subname}}")),
    ]  # fmt: skip


def _archive():
    return [
        graph("Archiving", "WAL files archived and failures to archive, a minute.", "short",
              ("60 * rate(pg_stat_archiver_archived_count{@}[$__rate_interval])", "archived {{instance}} {{target}}"),
              ("60 * rate(pg_stat_archiver_failed_count{@}[$__rate_interval])", "failed {{instance}} {{target}}")),
        graph("Not archived yet", "Bytes of WAL that are written and not archived: what would be lost with the disk.", "bytes",
              "pgvigil_archiver_lag_bytes{@}"),
        graph("Files that wait", "WAL files that are complete and wait to be archived.", "short",
              "pgvigil_archive_ready_files{@}"),
        graph("Since the last archived file", "Seconds since a file was archived.", "s", "pg_stat_archiver_last_archive_age{@}"),
    ]  # fmt: skip


def _of_member(number):
    """A number of every member, with its role and its state."""
    joined = "on (instance, target, member) group_left (role, state)"
    return f"pgvigil_patroni_member_{number}{{@}} * {joined} pgvigil_patroni_member_info{{@}}"


def _patroni():
    return [
        stat("Leaders", "Members that hold the leader lock, as their own Patroni says.", "short",
             "sum by (scope) (patroni_primary{@} + patroni_standby_leader{@})", legend="{{scope}}", width=6,
             options={"graphMode": "none"}, more={"thresholds": levels(("green", 1), ("red", 2), base="red")}),
        stat("Automatic failover", "Whether somebody paused it (patronictl pause): then nobody takes the place of a primary that dies.",
             "short", "max by (scope) (patroni_is_paused{@})", legend="{{scope}}", width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("on", "green"), v1=("paused", "orange"))}),
        stat("Leader lock", "Whether somebody holds it, as any member sees the cluster.", "short",
             "max by (scope) (patroni_cluster_unlocked{@})", legend="{{scope}}", width=6, options={"graphMode": "none"},
             more={"mappings": words(v0=("held", "green"), v1=("nobody", "red"))}),
        stat("DCS last seen", "Time since the Patroni of a member last reached etcd, Consul or Kubernetes.", "s",
             "time() - patroni_dcs_last_seen{@}", legend=MEMBER, width=6, options={"graphMode": "none"},
             more={"thresholds": levels(("orange", 30), ("red", 120))}),
        table("Members", "Each member of the cluster, as the Patroni beside each server tells it.",
              ("Leader", "bool_yes_no", _of_member("leader")),
              ("Running", "bool_yes_no", _of_member("running")),
              ("Timeline", "short", _of_member("timeline")),
              ("Lag", "bytes", _of_member("lag_bytes")),
              ("Restart pending", "bool_yes_no", _of_member("pending_restart")), height=7),
        graph("Leader", "Which member held the leader lock: a step is a switchover or a failover.", "short",
              ("patroni_primary{@} + patroni_standby_leader{@}", MEMBER), stacked=True),
        graph("Timeline", "Timeline of each member: one that stays behind does not follow.", "short",
              ("patroni_postgres_timeline{@}", MEMBER)),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "replication",
    "Postgres replication",
    "Standbys, slots and archiving.",
    [
        Row("Overview", _overview()),
        Row("Standbys", _standbys()),
        Row("Slots and WAL", _slots()),
        Row("Archiving", _archive()),
        Row("Patroni", _patroni()),
    ],
    datname=True,
    since="now-3h",
)
