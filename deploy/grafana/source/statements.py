"""Which statements cost the time. The numbers are those of pg_stat_statements."""

from source.model import Dashboard, Row, graph, infos, levels, stat, table

BY = "instance, target, datname, user, queryid"
LEGEND = "{{instance}} {{target}} {{datname}} {{user}} {{queryid}}"
TOP = 15


def _top(metric, factor=""):
    return f"topk({TOP}, {factor}sum by ({BY}) (rate({metric}{{@datname}}[$__rate_interval])))"


def _sum(metric):
    return f"sum by ({BY}) (increase({metric}{{@datname}}[$__range]))"


def _table():
    busiest = f"topk(50, {_sum('pg_stat_statements_seconds_total')})"
    calls = _sum("pg_stat_statements_calls_total")

    def only_busiest(query):
        return f"({query}) and on ({BY}) {busiest}"

    return table(
        "Statements that took the most time",
        "Over the time that is shown. `other` are all those that are not among the top ones of the collector; "
        "what a queryid is, pg_stat_statements and the collector statement_texts tell.",
        ("Time", "s", busiest),
        ("Calls", "short", only_busiest(calls)),
        ("Mean", "s", only_busiest(f"{_sum('pg_stat_statements_seconds_total')} / ({calls} > 0)")),
        ("Rows", "short", only_busiest(_sum("pg_stat_statements_rows_total"))),
        ("Blocks read", "short", only_busiest(_sum("pgvigil_statement_shared_blocks_read_total"))),
        ("Temporary blocks", "short", only_busiest(_sum("pgvigil_statement_temp_blocks_written_total"))),
        ("WAL", "bytes", only_busiest(_sum("pgvigil_statement_wal_bytes_total"))),
        height=14,
    )


def _graphs():
    mean = (
        f"topk({TOP}, sum by ({BY}) (rate(pg_stat_statements_seconds_total{{@datname}}[$__rate_interval]))"
        f" / (sum by ({BY}) (rate(pg_stat_statements_calls_total{{@datname}}[$__rate_interval])) > 0))"
    )
    return [
        graph("Time", "Seconds a second in each statement; 1 is one session busy all the time.", "short",
              (_top("pg_stat_statements_seconds_total"), LEGEND), stacked=True),
        graph("Calls", "Calls a second.", "ops", (_top("pg_stat_statements_calls_total"), LEGEND)),
        graph("Mean time", "Seconds a call.", "s", (mean, LEGEND)),
        graph("Rows", "Rows returned or changed, a second.", "rps", (_top("pg_stat_statements_rows_total"), LEGEND)),
        graph("Blocks read", "Bytes a second that were not in shared buffers.", "Bps",
              (_top("pgvigil_statement_shared_blocks_read_total", "8192 * "), LEGEND)),
        graph("Temporary files", "Bytes a second written because work_mem was too small.", "Bps",
              (_top("pgvigil_statement_temp_blocks_written_total", "8192 * "), LEGEND)),
        graph("WAL", "Bytes of WAL a second.", "Bps", (_top("pgvigil_statement_wal_bytes_total"), LEGEND)),
        graph("Planning", "Seconds a second spent in planning; none unless pg_stat_statements.track_planning is on.", "short",
              (_top("pgvigil_statement_plan_seconds_total"), LEGEND)),
    ]  # fmt: skip


def _memory():
    return [
        stat("Forgotten statements", "Statements an hour that pg_stat_statements dropped to make room: "
             "when many, raise pg_stat_statements.max.", "short",
             "3600 * rate(pgvigil_statements_evictions_total{@}[$__rate_interval])", width=6,
             more={"thresholds": levels(("orange", 100))}),
        stat("Statistics since", "Time since the last reset of pg_stat_statements.", "s",
             "time() - pgvigil_statements_reset_timestamp_seconds{@}", width=6, options={"graphMode": "none"}),
        infos("Texts", "Where the collector statement_texts is on: what each queryid is, without literals.",
              "pgvigil_statement_info{@datname}", height=8),
    ]  # fmt: skip


DASHBOARD = Dashboard(
    "statements",
    "Postgres statements",
    "Which statements take the time, read the blocks, write the WAL.",
    [Row("The most expensive", [_table()]), Row("Over time", _graphs()), Row("The statistics themselves", _memory())],
    datname=True,
)
