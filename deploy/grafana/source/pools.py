"""PgBouncer: who waits for a connection, and how full the pools are."""

from source.fleet import UP
from source.model import Dashboard, Row, graph, levels, stat, table

POOL = "{{instance}} {{target}} {{database}}/{{user}}"
DATABASE = "{{instance}} {{target}} {{database}}"


def _overview():
    return [
        stat("Pooler", "Whether the pooler's console answered within the last interval.", "short", "pgvigil_pooler_up{@}",
             more={"mappings": UP, "thresholds": levels(("green", 1), base="red")}, options={"graphMode": "none"}),
        stat("Clients that wait", "Clients that wait for a connection to the server.", "short",
             "sum by (instance, target) (pgbouncer_pools_client_waiting_connections{@})",
             more={"thresholds": levels(("orange", 1), ("red", 20))}),
        stat("Longest wait", "Seconds that the first in the queue has waited.", "s",
             "max by (instance, target) (pgbouncer_pools_client_maxwait_seconds{@})",
             more={"thresholds": levels(("orange", 1), ("red", 5))}),
        stat("Clients", "Clients that are connected.", "short", "pgbouncer_used_clients{@}"),
        stat("Connections to servers", "Connections that the pooler holds to servers.", "short", "pgbouncer_used_servers{@}"),
        stat("Paused databases", "Databases for which PAUSE is in force: their clients wait on purpose.", "short",
             "sum by (instance, target) (pgvigil_pgbouncer_database_paused{@})",
             more={"thresholds": levels(("orange", 1))}, options={"graphMode": "none"}),
    ]  # fmt: skip


def _pools():
    def pool(metric):
        return f"sum by (instance, target, database, user) ({metric}{{@}})"

    return [
        table("Pools", "Clients and connections to servers of each pool, now.",
              ("Active clients", "short", pool("pgbouncer_pools_client_active_connections")),
              ("Waiting clients", "short", pool("pgbouncer_pools_client_waiting_connections")),
              ("Active servers", "short", pool("pgbouncer_pools_server_active_connections")),
              ("Idle servers", "short", pool("pgbouncer_pools_server_idle_connections")),
              ("Longest wait", "s", pool("pgbouncer_pools_client_maxwait_seconds"))),
        graph("Clients that work", "Clients that are linked to a connection of the server.", "short",
              (pool("pgbouncer_pools_client_active_connections"), POOL)),
        graph("Clients that wait", "Clients that wait for one.", "short",
              (pool("pgbouncer_pools_client_waiting_connections"), POOL)),
        graph("Connections to servers", "Connections to servers, as a part of what the database may have.", "percentunit",
              ("pgvigil_pgbouncer_database_servers{@} / (pgvigil_pgbouncer_pool_size{@} > 0)", DATABASE)),
        graph("Longest wait", "Seconds that the first in the queue has waited.", "s",
              (pool("pgbouncer_pools_client_maxwait_seconds"), POOL)),
    ]  # fmt: skip


def _traffic():
    def rate(metric):
        return f"sum by (instance, target, database) (rate(pgbouncer_stats_totals_{metric}_total{{@}}[$__rate_interval]))"

    def mean(seconds, count):
        return f"{rate(seconds)} / ({rate(count)} > 0)"

    return [
        graph("Queries and transactions", "A second.", "ops", (rate("queries_pooled"), "queries " + DATABASE),
              (rate("sql_transactions_pooled"), "transactions " + DATABASE)),
        graph("Time of a query", "Seconds a query took, on average.", "s",
              (mean("queries_duration_seconds", "queries_pooled"), DATABASE)),
        graph("Wait for a connection", "Seconds a second that clients spent in waiting for a connection.", "short",
              (rate("client_wait_seconds"), DATABASE)),
        graph("Traffic", "Bytes a second from clients and to them.", "Bps", (rate("received_bytes"), "received " + DATABASE),
              (rate("sent_bytes"), "sent " + DATABASE)),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "pools",
    "Postgres pools",
    "PgBouncer's pools: who waits, how full they are, what passes through.",
    [Row("Overview", _overview()), Row("Pools", _pools()), Row("Traffic", _traffic())],
    anchor="pgvigil_pooler_up",
)
