"""What a scrape gives, in each of its forms, and what it does not cost."""

import gzip
import re

import pytest

from support.agent import OPENMETRICS, TEXT
from support.config import every
from support.peers import promtool_check_metrics

CALM = every(
    "1h", "locks", "stat_database", "stat_user_tables", "settings", "database_size", "roles", "stat_archiver"
)
CALM_COLLECTORS = [
    "locks",
    "stat_user_tables",
    "settings",
    "database_size",
    "roles",
]  # run once, then their values stay

# promtool's lints that names from postgres_exporter break. To rename them would break dashboards.
KEPT_NAMES = re.compile(
    "|".join(
        (
            "pg_settings_.*",
            "pg_statio_user_tables_.*",
            "pg_stat_(database|user_tables|archiver|activity|replication|progress_vacuum|bgwriter)_.*",
            "pg_replication_slots_.*",
            "pg_locks_count",
        )
    )
)


@pytest.fixture(scope="module")
def agent(shared, cluster):
    return shared.agent_of(cluster, more=CALM + '\n[labels]\ncluster = "main"\nnote = "a \\"quoted\\" one"\n')


def test_promtool_complains_only_about_names_that_must_be_kept(making, cluster):
    agent = making.agent_of(cluster)
    surprising = [
        line
        for line in promtool_check_metrics(agent.fetch().text)
        if not KEPT_NAMES.fullmatch(line.split()[0])
    ]
    assert not surprising, "\n".join(surprising)


def test_own_metrics_satisfy_every_lint_of_promtool(making, cluster):
    agent = making.agent_of(cluster, more='[compatibility]\npostgres_exporter = "off"\n')
    complaints = [line for line in promtool_check_metrics(agent.fetch().text) if line.startswith("pgvigil_")]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
def test_gzip_and_identity_carry_the_same_samples(agent, accept):
    plain = agent.scrape(accept, collect=CALM_COLLECTORS)
    packed = agent.scrape(accept, packed=True, collect=CALM_COLLECTORS)
    assert plain.samples() and plain.samples() == packed.samples()


def test_openmetrics_carries_the_same_samples_as_the_text_format(agent):
    text = agent.scrape(collect=CALM_COLLECTORS)
    openmetrics = agent.scrape(OPENMETRICS, collect=CALM_COLLECTORS)
    assert text.samples() == openmetrics.samples()
    assert {family.help for family in text.values()} == {family.help for family in openmetrics.values()}


def test_a_whole_scrape_is_one_valid_gzip_stream(agent):
    answer = agent.fetch(packed=True)
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.raw).endswith(b"\n")
    assert len(answer.raw) < len(answer.body) / 4
    assert int(answer.headers["content-length"]) == len(answer.raw)


def test_the_format_is_the_one_that_is_asked_for(agent):
    assert agent.fetch(TEXT).headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (
        agent.fetch(OPENMETRICS)
        .headers["content-type"]
        .startswith("application/openmetrics-text; version=1.0.0")
    )
    assert agent.fetch("*/*").headers["content-type"].startswith("text/plain")
    prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    assert agent.fetch(prometheus).text.endswith("# EOF\n")


def test_collect_narrows_a_scrape_to_the_named_collectors(agent):
    assert set(agent.scrape(collect=["locks"])) == {"pg_locks_count"}
    both = set(agent.scrape(collect=["locks", "roles"]))
    assert both == {"pg_locks_count", "pg_roles_connection_limit"}


def test_constant_labels_are_on_every_series(agent):
    for (name, labels), _ in agent.scrape().samples().items():
        assert {("cluster", "main"), ("note", 'a "quoted" one')} <= set(labels), f"{name} {labels}"


def test_every_family_has_a_help_that_is_a_sentence(agent):
    for family in agent.scrape().values():
        assert family.help, family.name
        if not family.name.startswith("pg_settings_"):
            assert family.help.endswith("."), f"{family.name}: {family.help}"


def test_head_and_other_paths(agent):
    head = agent.request("HEAD", "/metrics")
    assert (head.status, head.raw) == (200, b"")
    assert agent.get("/no/such/page").status == 404
    assert agent.request("POST", "/metrics").status in (404, 405)
    page = agent.get("/")
    assert page.status == 200 and "text/html" in page.headers["content-type"] and "/metrics" in page.text
    assert agent.get("/livez").status == 200


def test_a_scrape_causes_no_sql(making):
    server = making.cluster(settings={"log_statement": "all", "log_line_prefix": "%a|"})
    agent = making.agent_of(server)
    before = server.log_text().count("pgvigil|")
    assert before > 0, "the server does not log what pgvigil asks"
    for _ in range(1000):
        assert agent.fetch(packed=True).status == 200
    # In this time collectors go on by their clocks; one statement a scrape would be a thousand.
    assert server.log_text().count("pgvigil|") - before < 500


def test_many_scrapes_leave_memory_and_threads_as_they_were(agent):
    for _ in range(50):
        agent.fetch(packed=True)
    memory, threads, descriptors = agent.rss(), agent.threads(), agent.descriptors()
    for _ in range(500):
        agent.fetch(packed=True)
    assert agent.rss() < memory + 4_000_000
    assert agent.threads() <= threads + 4
    assert agent.descriptors() <= descriptors + 8


def test_a_scrape_is_quick(agent):
    assert agent.median_scrape_seconds() < 0.5
