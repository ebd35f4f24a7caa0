"""The fleet: a row for each server. The same numbers twice: computed when looked at, or recorded by Prometheus.

`NUMBERS` is the one list; the dashboard, its twin for large fleets and the recording rules are made from it.
"""

import dataclasses

from source.model import ALERT_NAMES, COLUMNS, Dashboard, Panel, Query, Row, graph, levels, stat, table, words

LABELS = "cluster, job, instance, target"
INTERVAL = "1m"


@dataclasses.dataclass(frozen=True)
class Number:
    """One number a server. `RANGE` in its text is the range of a rate."""

    name: str  # of what is recorded: server:pgvigil_NAME
    heading: str
    unit: str
    text: str

    def query(self, recorded):
        """PromQL for a panel: the number computed, or what the rule recorded."""
        if recorded:
            return f"server:pgvigil_{self.name}{{@}}"
        return self.text.replace("RANGE", "$__rate_interval")

    def rule(self):
        """PromQL for the recording rule: the same of every server there is."""
        return self.text.replace("RANGE", "5m").replace("{@,", "{").replace("{@}", "")


NUMBERS = [
    Number("up", "Up", "bool_yes_no", f"max by ({LABELS}) (pg_up{{@}})"),
    Number("standby", "Standby", "bool_yes_no", f"max by ({LABELS}) (pg_replication_is_replica{{@}})"),
    Number(
        "transactions:rate",
        "Transactions",
        "ops",
        f"sum by ({LABELS}) (rate(pg_stat_database_xact_commit{{@}}[RANGE]))"
        f" + sum by ({LABELS}) (rate(pg_stat_database_xact_rollback{{@}}[RANGE]))",
    ),
    Number(
        "connections:ratio",
        "Connections",
        "percentunit",
        f"max by ({LABELS}) (pgvigil_client_connections{{@}})"
        f" / max by ({LABELS}) (pgvigil_client_connections_max{{@}})",
    ),
    Number(
        "active_sessions",
        "Active",
        "short",
        f'sum by ({LABELS}) (pgvigil_sessions{{@,state="active",backend_type="client backend"}})',
    ),
    Number(
        "oldest_transaction:seconds",
        "Oldest transaction",
        "s",
        f"max by ({LABELS}) (pgvigil_oldest_transaction_age_seconds{{@}})",
    ),
    Number("replay_lag:seconds", "Replay lag", "s", f"max by ({LABELS}) (pgvigil_replication_lag_seconds{{@}})"),
    Number("xid_age:max", "Oldest XID", "short", f"max by ({LABELS}) (pgvigil_database_xid_age{{@}})"),
    Number(
        "slot_retained:bytes",
        "WAL kept by slots",
        "bytes",
        f"sum by ({LABELS}) (pgvigil_replication_slot_retained_bytes{{@}})",
    ),
    Number("size:bytes", "Databases", "bytes", f"sum by ({LABELS}) (pg_database_size_bytes{{@}})"),
    Number(
        "collectors_failing",
        "Failing collectors",
        "short",
        f"sum by ({LABELS}) (pgvigil_collector_success{{@}} == bool 0) and on ({LABELS}) pg_up{{@}}",
    ),
]
_BY_NAME = {number.name: number for number in NUMBERS}


def recording_rules():
    """The text of a rule file that records every number once a minute."""
    lines = [
        "# The numbers of the fleet's dashboard, one series a server. Made by deploy/grafana/generate.",
        "groups:",
        "  - name: pgvigil-fleet",
        f"    interval: {INTERVAL}",
        "    rules:",
    ]
    for number in NUMBERS:
        lines += [f"      - record: server:pgvigil_{number.name}", f"        expr: '{number.rule()}'"]
    return "\n".join(lines) + "\n"


def dashboard(recorded):
    """The fleet's overview; `recorded` for its twin that reads what the rules recorded."""

    def number(name):
        return _BY_NAME[name].query(recorded)

    alerts = f'ALERTS{{alertstate="firing",{ALERT_NAMES}}}'
    down = levels(("red", 1))
    overview = [
        stat("Servers", "Servers that an agent is configured to watch.", "short", f"count({number('up')})",
             legend="servers"),
        stat("Down", "Servers that do not answer now.", "short", f"count({number('up')} == 0) or vector(0)",
             legend="down", more={"thresholds": down}),
        stat("Primaries", "Servers that take writes.", "short", f"count({number('standby')} == 0)",
             legend="primaries"),
        stat("Standbys", "Servers in recovery.", "short", f"count({number('standby')} == 1) or vector(0)",
             legend="standbys"),
        stat("Alerts firing", "Alerts of pgvigil's rules that fire now, of every severity.", "short",
             f"count({alerts}) or vector(0)", legend="alerts", more={"thresholds": levels(("orange", 1))}),
        stat("Transactions", "Transactions a second of all servers, committed and rolled back.", "ops",
             f"sum({number('transactions:rate')})", legend="transactions"),
    ]  # fmt: skip
    servers = table(
        "Servers",
        "One row a server. The name leads to its own dashboard.",
        *((one.heading, one.unit, one.query(recorded)) for one in NUMBERS),
        height=14,
        links=[("instance", "This server", "pgvigil-instance")],
    )
    servers.more = {"mappings": []}
    busiest = [
        graph("Transactions", "Transactions a second; the twenty busiest servers.", "ops",
              f"topk(20, {number('transactions:rate')})"),
        graph("Connections", "Part of max_connections in use; the twenty fullest servers.", "percentunit",
              f"topk(20, {number('connections:ratio')})", more={"max": 1, "min": 0}),
        graph("Oldest transaction", "Age of the oldest open transaction; the twenty oldest.", "s",
              f"topk(20, {number('oldest_transaction:seconds')})"),
        graph("Replay lag", "Seconds that standbys are behind; the twenty slowest.", "s",
              f"topk(20, {number('replay_lag:seconds')})"),
        graph("Transaction id age", "Transactions since the oldest unfrozen one; 2 billion is the end.", "short",
              f"topk(20, {number('xid_age:max')})"),
        graph("WAL kept by slots", "WAL that replication slots keep from being removed.", "bytes",
              f"topk(20, {number('slot_retained:bytes')})"),
    ]  # fmt: skip
    state = Panel(
        "bargauge",
        "Servers by state",
        "How many servers are up, and why the others are not, as their agents see it.",
        "short",
        [Query("sum by (state) (pgvigil_server_state{@})", "{{state}}")],
        width=COLUMNS,
        height=7,
    )
    rows = [Row("Overview", overview), Row("Servers", [servers]), Row("Extremes", busiest), Row("States", [state])]
    twin = "The numbers are recorded by Prometheus (fleet.rules.yml), once a minute: for fleets of hundreds."
    return Dashboard(
        "fleet-recorded" if recorded else "fleet",
        "Postgres fleet (recorded)" if recorded else "Postgres fleet",
        twin if recorded else "All servers at a glance, computed when looked at: for fleets of up to some hundreds.",
        rows,
    )


UP = words(v0=("down", "red"), v1=("up", "green"))
