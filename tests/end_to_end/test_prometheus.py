"""A real Prometheus scrapes it for a while and has nothing to say against it."""

import json

import pytest

from support.peers import Prometheus
from support.waiting import until


@pytest.fixture(scope="module")
def agent(shared, cluster):
    return shared.agent_of(cluster)


@pytest.fixture(scope="module")
def prometheus(shared, agent):
    prometheus = shared.keep(Prometheus(agent.port))
    until(
        lambda: prometheus.query("count_over_time(up[10m])") >= [15],
        "15 scrapes are done",
        seconds=120,
        pause=1,
    )
    return prometheus


def test_every_scrape_succeeds(prometheus):
    assert prometheus.query("min_over_time(up[10m])") == [1]
    assert prometheus.target()["lastError"] == "" and prometheus.target()["health"] == "up"


def test_samples_arrive_and_all_are_kept(prometheus, agent):
    samples = len(agent.scrape().samples())
    scraped = prometheus.query("scrape_samples_scraped")[0]
    assert samples * 0.8 < scraped < samples * 1.2
    assert prometheus.query("scrape_samples_scraped == scrape_samples_post_metric_relabeling")


def test_nothing_in_its_log_complains(prometheus):
    words = ("Append failed", "duplicate", "out of order", "level=warn", "level=error", "invalid")
    complaints = [line for line in prometheus.log().splitlines() if any(word in line for word in words)]
    assert not complaints, "\n".join(complaints)


def test_it_was_served_openmetrics_and_knows_types_and_help(prometheus, agent):
    metadata = json.loads(prometheus.get("/api/v1/targets/metadata?metric=pg_locks_count"))["data"]
    assert metadata and metadata[0]["type"] == "gauge" and metadata[0]["help"]
    assert prometheus.query("pg_up") == [1]
    assert prometheus.query('pgvigil_http_requests_total{handler="/metrics",code="200"}')[0] >= 10
    assert agent.value("pg_exporter_scrapes_total") >= 15


def test_rules_in_the_wild_find_their_series(prometheus):
    for expression in (
        "sum(pg_stat_activity_count) / on() pg_settings_max_connections",
        "rate(pg_stat_database_xact_commit[1m])",
        "pg_stat_user_tables_n_dead_tup",
        "pg_replication_lag_seconds",
        "increase(pg_stat_bgwriter_checkpoints_timed_total[1m])",
    ):
        assert prometheus.query(expression), expression
