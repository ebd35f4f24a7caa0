"""Which alerts fire, since when, and whether the rules can see at all."""

from source.model import ALERT_NAMES, SERVER, Dashboard, Panel, Query, Row, graph, infos, levels, stat, table

# What Prometheus, and a pgvigil that is asked, keeps of alerts.
FIRING = f'ALERTS{{@,alertstate="firing",{ALERT_NAMES}}}'


def _now():
    return [
        *(stat(severity.capitalize(), f"Alerts of severity {severity} that fire now.", "short",
               f'count(ALERTS{{@,alertstate="firing",severity="{severity}",{ALERT_NAMES}}}) or vector(0)', legend=severity,
               width=6, more={"thresholds": levels((colour, 1))})
          for severity, colour in (("critical", "red"), ("warning", "orange"), ("info", "blue"))),
        stat("Pending", "Alerts whose condition holds, not yet for long enough.", "short",
             f'count(ALERTS{{@,alertstate="pending",{ALERT_NAMES}}}) or vector(0)', legend="pending", width=6),
        infos("Firing", "What fires now. The runbook of each is in docs/runbooks.md.", FIRING, height=9),
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
                              "{{instance}} {{target}} {{collector}}")], more={"thresholds": levels(("orange", 2), ("red", 4))}),
    ]  # fmt: skip


def _advice():
    return [
        infos("Advice", "What stands and nobody dismissed. GET /api/v1/advice of the pgvigil has the reason, the SQL, and how to "
              "undo it.", "pgvigil_advice{@}", height=9),
        graph("Advice by kind", "How many pieces of advice stood at a time.", "short",
              ("count by (kind) (pgvigil_advice{@})", "{{kind}}"), stacked=True),
        Panel("bargauge", "Worth most", "The advice that would give back the most bytes.", "bytes",
              [Query("topk(10, pgvigil_advice_impact_bytes{@})", "{{instance}} {{target}} {{kind}} {{datname}} {{relname}} {{object}}")]),
    ]  # fmt: skip


def _notifier():
    failed = 'pgvigil_notification_attempts_total{@agent,result!="delivered"}'
    waiting = "pgvigil_notification_oldest_due_timestamp_seconds{@agent}"
    return [
        stat("Unreachable receivers", "Receivers that are only tried now and then, because nothing passed.", "short",
             "sum(pgvigil_receiver_unreachable{@agent}) or vector(0)", legend="receivers", width=8,
             more={"thresholds": levels(("red", 1))}),
        stat("Waiting", "Groups of alerts of which a receiver should have been told by now.", "short",
             "sum(pgvigil_notifications_waiting{@agent}) or vector(0)", legend="groups", width=8,
             more={"thresholds": levels(("orange", 1))}),
        stat("Given up", "Alerts whose end a receiver was not told of in time, over the time shown.", "short",
             "sum(increase(pgvigil_notifications_given_up_total{@agent}[$__range])) or vector(0)", legend="alerts", width=8,
             more={"thresholds": levels(("red", 1))}),
        table("Receivers", "How each fares. The page /notifications of the pgvigil says why somebody was told, or not.",
              ("Unreachable", "bool_yes_no", "pgvigil_receiver_unreachable{@agent}"),
              ("Waiting", "short", "pgvigil_notifications_waiting{@agent}"),
              ("Waits for", "s", f"(time() - {waiting}) * ({waiting} > bool 0)"), width=24, height=6),
        graph("Messages", "Messages a minute to each receiver, by what came back.", "short",
              ("60 * sum by (instance, receiver, result) (rate(pgvigil_notification_attempts_total{@agent}[$__rate_interval]))",
               "{{instance}} {{receiver}} {{result}}"), stacked=True),
        graph("Failed messages", "Attempts a minute that a receiver did not take: tried again, sent with less, or passed to its "
              "fallback.", "short",
              (f"60 * sum by (instance, receiver, result) (rate({failed}[$__rate_interval]))",
               "{{instance}} {{receiver}} {{result}}")),
        graph("Backlog", "Groups of alerts of which each receiver should have been told by now.", "short",
              ("pgvigil_notifications_waiting{@agent}", "{{instance}} {{receiver}}")),
        graph("Oldest news", "For how long the oldest news of each receiver waits; 0 when none does.", "s",
              (f"(time() - {waiting}) * ({waiting} > bool 0)", "{{instance}} {{receiver}}")),
    ]  # fmt: skip


def _looks():
    return [
        table("Looks for advice", "How the looks at each server fare; the status page says why one failed.",
              ("Since the last success", "s", "time() - pgvigil_advice_last_success_timestamp_seconds{@}"),
              ("Took", "s", "pgvigil_advice_run_duration_seconds{@}"),
              ("Looks in this time", "short", "increase(pgvigil_advice_runs_total{@}[$__range])"),
              ("Failed in this time", "short", "increase(pgvigil_advice_run_failures_total{@}[$__range])"), height=6),
        graph("Time of a look", "Seconds that the last look for advice took, the reading of all databases included.", "s",
              "pgvigil_advice_run_duration_seconds{@}"),
        graph("Failed looks", "Looks for advice an hour that failed.", "short",
              f"3600 * sum by ({SERVER}) (rate(pgvigil_advice_run_failures_total{{@}}[$__rate_interval]))"),
        infos("Cannot look", "Kinds of advice that want a grant or a collector; the status page says which.",
              "pgvigil_advice_blind{@}", height=6),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "alerts",
    "Postgres alerts and advice",
    "Which alerts fire, since when, whether the rules can see at all, and what could be better.",
    [
        Row("Now", _now()),
        Row("Over time", _over_time()),
        Row("Notifications", _notifier()),
        Row("Advice", _advice()),
        Row("Looks for advice", _looks()),
        Row("What the rules can see", _sight()),
    ],
    since="now-24h",
)
