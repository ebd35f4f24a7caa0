"""Which alerts fire, since when, and whether the rules can see at all."""

from source.model import Dashboard, Panel, Query, Row, graph, levels, stat, table

# What Prometheus, and a pgvigil that is asked, keeps of alerts. The matchers leave out other people's alerts.
NAMES = 'alertname=~"(Postgres|PgBouncer|Host|Backup).*"'
FIRING = f'ALERTS{{@,alertstate="firing",{NAMES}}}'


def _now():
    return [
        *(stat(severity.capitalize(), f"Alerts of severity {severity} that fire now.", "short",
               f'count(ALERTS{{@,alertstate="firing",severity="{severity}",{NAMES}}}) or vector(0)', legend=severity,
               width=6, more={"thresholds": levels((colour, 1))})
          for severity, colour in (("critical", "red"), ("warning", "orange"), ("info", "blue"))),
        stat("Pending", "Alerts whose condition holds, not yet for long enough.", "short",
             f'count(ALERTS{{@,alertstate="pending",{NAMES}}}) or vector(0)', legend="pending", width=6),
        table("Firing", "What fires now. The runbook of each is in docs/runbooks.md.", ("Firing", "short", FIRING), height=9),
    ]  # fmt: skip


def _over_time():
    return [
        graph("Firing by severity", "How many alerts fired at a time.", "short",
              (f"count by (severity) ({FIRING})", "{{severity}}"), stacked=True),
        graph("Firing by alert", "Which.", "short", (f"count by (alertname) ({FIRING})", "{{alertname}}"), stacked=True),
    ]  # fmt: skip


def _sight():
    return [
        stat("Servers not measured", "Servers that do not answer: rules about them hold what they last knew.", "short",
             "count(pg_up{@} == 0) or vector(0)", legend="servers", width=6, more={"thresholds": levels(("red", 1))}),
        stat("Failing collectors", "Rules on what they measure are blind.", "short",
             "count(pgvigil_collector_success{@} == 0) or vector(0)", legend="collectors", width=6,
             more={"thresholds": levels(("orange", 1))}),
        Panel("bargauge", "Oldest numbers", "Age of the values of the collectors that are furthest behind their interval.",
              "short", [Query("topk(10, pgvigil_collector_age_seconds{@} / pgvigil_collector_interval_seconds{@})",
                              "{{target}} {{collector}}")], more={"thresholds": levels(("orange", 2), ("red", 4))}),
    ]  # fmt: skip


def _advice():
    return [
        table("Advice", "What stands and nobody dismissed. GET /api/v1/advice of the pgvigil has the reason, the SQL, and how to "
              "undo it.", ("Stands", "short", "pgvigil_advice{@}"), height=9),
        graph("Advice by kind", "How many pieces of advice stood at a time.", "short",
              ("count by (kind) (pgvigil_advice{@})", "{{kind}}"), stacked=True),
        Panel("bargauge", "Worth most", "The advice that would give back the most bytes.", "bytes",
              [Query("topk(10, pgvigil_advice_impact_bytes{@})", "{{kind}} {{datname}} {{relname}} {{object}}")]),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "alerts",
    "Postgres alerts and advice",
    "Which alerts fire, since when, whether the rules can see at all, and what could be better.",
    [
        Row("Now", _now()),
        Row("Over time", _over_time()),
        Row("Advice", _advice()),
        Row("What the rules can see", _sight()),
    ],
    since="now-24h",
)
