"""A streaming standby, and its promotion."""

import pytest

from support.config import QUICK, custom_collector, every
from support.waiting import stays, until

QUICK_REPLICATION = every(
    QUICK, "replication", "replication_receiver", "stat_wal_receiver", "stat_replication", "replication_slots"
)


@pytest.fixture
def pair(making):
    primary = making.cluster()
    return primary, making.standby(primary)


def test_a_standby_tells_its_role_and_its_receiver(pair, making):
    _, standby = pair
    agent = making.agent_of(standby, more=QUICK_REPLICATION)
    assert agent.status()["server"]["facts"]["role"] == "standby"
    agent.wait_value(1, "pgvigil_replication_receiver_state", state="streaming")
    families = agent.scrape()
    assert families.value("pg_replication_is_replica") == 1
    assert families.value("pg_stat_wal_receiver_flushed_lsn", slot_name="standby_1") > 0
    assert families.value("pgvigil_server_info", role="standby") == 1
    assert families.value("pgvigil_replication_replay_paused") == 0
    assert not [one for one in agent.status()["collectors"] if one["state"] == "failed"]


def test_a_primary_tells_its_standby_and_its_slot(pair, making):
    primary, _ = pair
    agent = making.agent_of(primary, more=QUICK_REPLICATION)
    agent.wait_value(1, "pg_replication_slots_active", slot_name="standby_1")
    families = agent.scrape()
    assert families.has("pg_stat_replication_pg_wal_lsn_diff", state="streaming", slot_name="standby_1")
    assert families.value("pg_replication_is_replica") == 0


def test_lag_counts_while_replay_is_paused_and_returns_to_zero(pair, making):
    primary, standby = pair
    agent = making.agent_of(standby, more=QUICK_REPLICATION)
    primary.run("create table first (id int)")
    until(lambda: standby.value("select pg_last_xact_replay_timestamp()"), "a commit is replayed")
    standby.run("select pg_wal_replay_pause()")
    primary.run("create table work as select i from generate_series(1, 10000) i")
    agent.wait_value(1, "pgvigil_replication_replay_paused")
    until(lambda: agent.value("pgvigil_replication_lag_bytes") > 0, "bytes wait for replay", pause=0.5)
    until(lambda: agent.value("pgvigil_replication_lag_seconds") > 0, "the lag is told in seconds", pause=0.5)
    standby.run("select pg_wal_replay_resume()")
    agent.wait_value(0, "pgvigil_replication_lag_bytes")
    agent.wait_value(0, "pgvigil_replication_lag_seconds")


def test_lag_is_never_zero_while_bytes_wait_for_a_standby_that_has_replayed_no_commit(pair, making):
    primary, standby = pair
    standby.run("select pg_wal_replay_pause()")
    primary.run("create table work as select i from generate_series(1, 10000) i")
    assert standby.value("select pg_last_xact_replay_timestamp()") is None
    agent = making.agent_of(standby, more=QUICK_REPLICATION)
    until(lambda: agent.value("pgvigil_replication_lag_bytes") > 0, "bytes wait for replay", pause=0.5)
    assert agent.value("pgvigil_replication_lag_seconds") != 0


def test_lag_is_absent_while_the_link_to_the_primary_is_broken(pair, making):
    primary, standby = pair
    agent = making.agent_of(standby, more=QUICK_REPLICATION)
    agent.wait_value(0, "pgvigil_replication_lag_bytes")
    primary.stop()
    agent.wait_value(1, "pgvigil_replication_receiver_state", state="none")
    assert agent.value("pgvigil_replication_lag_seconds") is None
    assert agent.value("pgvigil_replication_lag_bytes") is None


@pytest.mark.parametrize("major", [13, 15, 18])
def test_a_promotion_changes_what_is_collected_with_the_next_tick(major, making):
    primary = making.cluster(major)
    standby = making.standby(primary)
    agent = making.agent_of(standby, more=QUICK_REPLICATION)
    agent.wait_value(1, "pg_replication_is_replica")
    runs = "pgvigil_collector_runs_total"
    standby.promote()
    until(lambda: not standby.value("select pg_is_in_recovery()"), "it is a primary")
    before = agent.value(runs, collector="replication")

    def ticks():
        families = agent.scrape()
        known = families.value("pgvigil_server_info", role="primary")
        return known and families.value(runs, collector="replication") - before + 1

    # Without the collections' own word for it the facts tell, after up to 15 ticks of a second.
    assert until(ticks, "the new role is known") < 10
    agent.wait_value(0, "pg_replication_is_replica")
    agent.wait_state("replication_receiver", "unsupported")
    assert agent.status()["server"]["facts"]["role"] == "primary"
    families = agent.scrape()
    assert not families.has("pgvigil_replication_receiver_state")
    assert families.value("pgvigil_server_info", role="primary") == 1


def test_a_run_that_a_promotion_overtakes_does_not_have_the_last_word(pair, making):
    _, standby = pair
    slow = {
        name: custom_collector(
            name, "select 1 as value from pg_sleep(100)", settings='role = "standby"\ntimeout = "110s"'
        )
        for name in ("slow", "slower")
    }
    agent = making.agent_of(
        standby, more=QUICK_REPLICATION + "\n" + every("1h", *slow), collectors=slow, ready=False
    )
    running = "from pg_stat_activity where usename = 'pgvigil' and state = 'active' and query like '%pg_sleep(100)%'"

    def count():
        return standby.value(f"select count(*) {running}")

    def cancel_the_oldest():
        return standby.value(f"select pg_cancel_backend(pid) {running} order by backend_start limit 1")

    until(lambda: count() == 2, "both are under way")
    assert cancel_the_oldest()  # that session reads what the server is, too
    standby.promote()
    for name in slow:
        agent.wait_state(name, "unsupported")
    assert cancel_the_oldest(), "the other run ended before the promotion was known"
    until(lambda: count() == 0, "both are over")
    stays(lambda: all(agent.collector(name)["state"] == "unsupported" for name in slow), "unsupported", 2)
