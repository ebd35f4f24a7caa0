"""pgvigil itself: what it costs, what it cannot see, what it dropped."""

from source.fleet import UP
from source.model import Dashboard, Row, graph, infos, levels, stat, table, words

INSTANCE = "{{instance}}"
COLLECTOR = "{{instance}} {{target}} {{collector}}"
TOP = 15


def _overview():
    return [
        stat("Worker", "Whether the process that measures is running; its supervisor replaces one that died.", "short",
             "pgvigil_worker_up{@agent}", legend=INSTANCE, options={"graphMode": "none"},
             more={"mappings": UP, "thresholds": levels(("green", 1), base="red")}),
        stat("Configuration", "1 while the file that was read last is in force, 0 when it was refused for a mistake.",
             "short", "pgvigil_config_last_reload_successful{@agent}", legend=INSTANCE, options={"graphMode": "none"},
             more={"mappings": words(v0=("refused", "red"), v1=("in force", "green")), "thresholds": levels(("green", 1), base="red")}),
        stat("Failing collectors", "Collectors whose last run failed: rules on what they measure hold what they knew.",
             "short", "sum by (instance) (pgvigil_collector_success{@} == bool 0)", legend=INSTANCE,
             more={"thresholds": levels(("orange", 1))}),
        stat("Series", "Series that are served now.", "short", "pgvigil_series{@agent}", legend=INSTANCE),
        stat("Memory", "Resident memory of the process.", "bytes", "pgvigil_resident_memory_bytes{@agent}", legend=INSTANCE),
        stat("Share of the server", "What all collectors together took of one core of the server in ten minutes.",
             "percentunit", "pgvigil_database_share_ratio{@}", more={"thresholds": levels(("orange", 0.05))}),
        infos("Version", "Of each agent.", "pgvigil_build_info{@agent}", height=4),
    ]  # fmt: skip


def _collectors():
    return [
        table("Collectors", "Of the last run of each.",
              ("Succeeded", "bool_yes_no", "pgvigil_collector_success{@}"),
              ("Age", "s", "pgvigil_collector_age_seconds{@}"),
              ("Interval", "s", "pgvigil_collector_interval_seconds{@}"),
              ("Took", "s", "pgvigil_collector_duration_seconds{@}"),
              ("Series", "short", "pgvigil_collector_series{@}"),
              ("Slowed down", "short", "pgvigil_collector_slowdown_ratio{@}"), height=12),
        infos("Not supported here", "Collectors that this server has no version, extension or grant for; "
              "the status page says which.", "pgvigil_collector_unsupported{@} == 1", height=7),
        graph("Failures", "Failed runs a minute, by kind.", "short",
              ("60 * sum by (instance, target, collector, kind) (rate(pgvigil_collector_failures_total{@}[$__rate_interval])) > 0",
               COLLECTOR + " {{kind}}")),
        graph("Duration", "Seconds that the last run of the slowest collectors took.", "s",
              (f"topk({TOP}, pgvigil_collector_duration_seconds{{@}})", COLLECTOR)),
        graph("Time on the server", "Seconds a second that the server was busy with each collector.", "short",
              (f"topk({TOP}, rate(pgvigil_collector_database_seconds_total{{@}}[$__rate_interval]))", COLLECTOR)),
        graph("Dropped series", "Series dropped a minute: duplicates and what is beyond a limit.", "short",
              ("60 * rate(pgvigil_collector_series_dropped_total{@}[$__rate_interval]) > 0", COLLECTOR)),
    ]  # fmt: skip


def _server():
    return [
        graph("Sessions", "Sessions that pgvigil holds on the server.", "short", "pgvigil_connections{@}"),
        graph("Time to connect", "Seconds that opening the last session took.", "s", "pgvigil_connect_duration_seconds{@}"),
        graph("Failed connections", "Attempts to open a session that failed, a minute, by kind.", "short",
              ("60 * sum by (instance, target, kind) (rate(pgvigil_connect_failures_total{@}[$__rate_interval])) > 0",
               "{{instance}} {{target}} {{kind}}")),
    ]  # fmt: skip


def _process():
    slow = "sum by (instance, le) (rate(pgvigil_scrape_duration_seconds_bucket{@agent}[$__rate_interval]))"
    return [
        graph("CPU", "Cores that the process uses.", "short",
              ("rate(pgvigil_cpu_seconds_total{@agent}[$__rate_interval])", INSTANCE)),
        graph("Memory", "Resident memory.", "bytes", ("pgvigil_resident_memory_bytes{@agent}", INSTANCE)),
        graph("Time of a scrape", "Seconds to answer a scrape from the snapshot: 99 of 100 were faster.", "s",
              (f"histogram_quantile(0.99, {slow})", INSTANCE)),
        graph("Size of a scrape", "Bytes as they were sent, compressed or not.", "bytes",
              ("pgvigil_scrape_size_bytes{@agent}", INSTANCE)),
        graph("Requests", "HTTP requests a second, by handler and status code.", "reqps",
              ("sum by (instance, handler, code) (rate(pgvigil_http_requests_total{@agent}[$__rate_interval]))",
               "{{instance}} {{handler}} {{code}}")),
        graph("Restarts", "Workers that died and were replaced, an hour.", "short",
              ("3600 * rate(pgvigil_worker_restarts_total{@agent}[$__rate_interval])", INSTANCE)),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "agent",
    "pgvigil",
    "The agent itself: what it costs, what it cannot see, what it dropped.",
    [
        Row("Overview", _overview()),
        Row("Collectors", _collectors()),
        Row("Sessions", _server()),
        Row("Process", _process()),
    ],
)
