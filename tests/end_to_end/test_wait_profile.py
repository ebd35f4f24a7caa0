"""What active sessions spend their time on, as counters of sampled seconds."""

import pytest

from support.cluster import DEBIAN_MAJOR
from support.load import Load
from support.waiting import until

PROFILE = '[collector.wait_profile]\nenabled = true\n'
WAITS = "pgvigil_wait_seconds_total"
STATEMENTS = "pgvigil_statement_active_seconds_total"


def busy_with(server, *statements):
    return Load([server.connect() for _ in statements], statements)


@pytest.mark.parametrize("major", [13, DEBIAN_MAJOR, 18])
def test_samples_become_seconds_by_wait_and_by_statement(making, major):
    settings = {"compute_query_id": "on"} if major > 13 else {}
    server = making.cluster(major, settings=settings)
    busy = busy_with(server, "select pg_sleep(0.5)", "select pg_sleep(0.5)", "select count(*) from generate_series(1, 300000)")
    agent = making.agent_of(server, more=PROFILE)
    try:
        # Published each 15 s: the first table has zeros only, for a series has to begin somewhere.
        until(lambda: all((agent.value(WAITS, wait_event=event) or 0) > 0 for event in ("PgSleep", "CPU")),
              "seconds are counted")
        families = agent.scrape()
        asleep = families.value(WAITS, datname="postgres", wait_event_type="Timeout", wait_event="PgSleep")
        on_cpu = families.value(WAITS, datname="postgres", wait_event_type="CPU", wait_event="CPU")
        sampled = agent.collector("wait_profile")["runs"]
        # Two sleep, one computes; a sample counts for two intervals at the most.
        assert 0 < on_cpu <= 2 * 3 * sampled and 0 < asleep <= 2 * 3 * sampled
        if major == 13:
            assert STATEMENTS not in families
            return
        sleeper = str(server.value("""select query_id from pg_stat_activity where query like 'select pg_sleep%%' limit 1"""))
        assert families.value(STATEMENTS, datname="postgres", queryid=sleeper) == pytest.approx(asleep, rel=0.5)
        assert families.value(STATEMENTS, queryid="other") == 0
        assert families[STATEMENTS].label_names() == {"datname", "queryid"}
    finally:
        busy.remove()


def test_without_query_ids_there_are_the_waits_alone(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"compute_query_id": "off"})
    busy = busy_with(server, "select pg_sleep(0.5)")
    agent = making.agent_of(server, more=PROFILE)
    try:
        until(lambda: (agent.value(WAITS, wait_event="PgSleep") or 0) > 0, "seconds are counted")
        assert not agent.scrape().has(STATEMENTS, datname="postgres")
    finally:
        busy.remove()


def test_the_profile_is_off_by_default(making):
    agent = making.agent_of(making.cluster(DEBIAN_MAJOR))
    assert agent.collector("wait_profile") is None
