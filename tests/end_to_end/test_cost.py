"""What a collector may cost the server."""

import pytest

from support.config import QUICK, custom_collector, every
from support.waiting import stays, until

SLOWDOWN = "pgvigil_collector_slowdown_ratio"
DEAR = "select 1 as value from pg_sleep(0.3)"


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster()


def test_a_dear_collector_is_slowed_down_and_its_series_stay(server, making):
    agent = making.agent_of(
        server,
        # 3 s in ten minutes: spent after some ten runs.
        more="[limits]\ndatabase_share = 0.005\ntotal_database_share = 0.001\n" + every(QUICK, "locks"),
        collectors={"dear": custom_collector("dear", DEAR)},
    )
    assert agent.value(SLOWDOWN, collector="dear") == 1
    until(lambda: agent.value(SLOWDOWN, collector="dear") > 20, "it is slowed down", pause=0.5)
    agent.wait_log("collector_slowed_down")
    told = agent.collector("dear")
    assert told["slowdown"] > 20 and told["state"] == "good"
    assert agent.value("pgvigil_collector_interval_seconds", collector="dear") > 20
    assert "slowed down" in agent.get("/").text
    runs = agent.value("pgvigil_collector_runs_total", collector="dear")
    # Three of its own intervals would be 3 s.
    stays(lambda: agent.value("test_dear") == 1, "its series stay", 8)
    assert agent.value("pgvigil_collector_runs_total", collector="dear") <= runs + 1
    assert agent.value(SLOWDOWN, collector="locks") == 1
    until(lambda: agent.value("pgvigil_database_share_ratio") > 0.004, "what all take is told")
    assert agent.value("pgvigil_database_share_limit_ratio") == 0.001
    agent.wait_log("database_share_exceeded")


def test_a_collector_that_may_cost_anything_keeps_its_pace(server, making):
    agent = making.agent_of(
        server,
        more="[limits]\ndatabase_share = 0.001\n[collector.dear]\ndatabase_share = 0",
        collectors={"dear": custom_collector("dear", DEAR)},
    )
    runs = "pgvigil_collector_runs_total"
    until(lambda: agent.value(runs, collector="dear") >= 12, "it runs each second", pause=0.5)
    assert agent.value(SLOWDOWN, collector="dear") == 1
