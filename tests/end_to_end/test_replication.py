"""Standbys, slots and subscriptions: idle, in use, trailing, forgotten and broken."""

import contextlib

import pytest

from support.config import QUICK, every
from support.waiting import stays, until

LOGICAL = {
    "wal_level": "logical",
    "wal_receiver_status_interval": "1s",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
}
SENDING = every(
    QUICK,
    "replication_standbys",
    "replication_slot_health",
    "wal_position",
    "logical_decoding",
    "xmin_horizon",
)
RECEIVING = every(
    QUICK, "replication_receiver", "recovery", "wal_position", "subscriptions", "subscription_errors"
)


@pytest.fixture(scope="module", params=(13, 15, 18))
def primary(shared, request):
    return shared.cluster(request.param, settings=LOGICAL)


@pytest.fixture
def standby(primary, making):
    standby = making.standby(primary)
    yield standby
    standby.remove()
    primary.run("select pg_drop_replication_slot('standby_1')")


@pytest.fixture
def slot(primary):
    """A logical slot that nobody reads."""
    primary.run("select pg_create_logical_replication_slot('forgotten', 'test_decoding')")
    yield "forgotten"
    primary.run("select pg_drop_replication_slot('forgotten')")


def write(server, count=1000):
    server.run(f"drop table if exists work; create table work as select i from generate_series(1, {count}) i")


def test_an_idle_primary_is_no_lag_and_paused_replay_is(primary, standby, making):
    agent = making.agent_of(primary, more=SENDING)
    reader = {"application_name": "walreceiver", "slot_name": "standby_1"}
    agent.wait_value(1, "pgvigil_replication_standby_state", state="streaming", **reader)
    agent.wait_value(1, "pgvigil_replication_standbys_streaming")
    write(primary)
    agent.wait_value(0, "pgvigil_replication_standby_replay_lag_bytes", **reader)
    stays(
        lambda: agent.value("pgvigil_replication_standby_replay_lag_seconds", **reader) == 0,
        "no lag in seconds while the primary idles",
        3,
    )
    assert agent.value("pgvigil_replication_standby_sync_state", sync_state="async", **reader) == 1
    standby.run("select pg_wal_replay_pause()")
    write(primary, 50_000)
    until(
        lambda: agent.value("pgvigil_replication_standby_replay_lag_bytes", **reader) > 1_000_000,
        "bytes wait for replay",
        pause=0.3,
    )
    agent.wait_value(0, "pgvigil_replication_standby_flush_lag_bytes", **reader)
    assert agent.value("pgvigil_replication_standby_replay_lag_seconds", **reader) != 0
    standby.run("select pg_wal_replay_resume()")
    agent.wait_value(0, "pgvigil_replication_standby_replay_lag_bytes", **reader)


def test_a_missing_synchronous_standby_shows(primary, standby, making):
    agent = making.agent_of(primary, more=SENDING)
    agent.wait_value(1, "pgvigil_replication_standbys_streaming")
    families = agent.scrape()
    assert families.value("pgvigil_replication_standbys_synchronous_required") == 0
    assert families.value("pgvigil_wal_senders") == 1
    assert families.value("pgvigil_wal_senders_max") == 4
    try:
        for names, required, has in (
            ("walreceiver", 1, 1),
            ("FIRST 2 (walreceiver, other)", 2, 1),
            ("ANY 1 (*)", 1, 1),
        ):
            primary.run(f"alter system set synchronous_standby_names = '{names}'")
            primary.run("select pg_reload_conf()")
            agent.wait_value(required, "pgvigil_replication_standbys_synchronous_required")
            agent.wait_value(has, "pgvigil_replication_standbys_synchronous")
        standby.stop()
        agent.wait_value(0, "pgvigil_replication_standbys_synchronous")
        assert agent.value("pgvigil_replication_standbys_synchronous_required") == 1
    finally:
        with primary.session() as session, session.cursor() as cursor:
            cursor.execute("set synchronous_commit = off")
            cursor.execute("alter system reset synchronous_standby_names")
            cursor.execute("select pg_reload_conf()")
        standby.start()


def test_a_standby_that_has_gone_leaves_a_slot_that_retains_wal(primary, standby, making):
    agent = making.agent_of(primary, more=SENDING)
    mine = {"slot_name": "standby_1", "slot_type": "physical"}
    agent.wait_value(0, "pgvigil_replication_slot_inactive", **mine)
    assert agent.value("pgvigil_replication_slot_inactive_seconds", **mine) is None
    standby.stop()
    agent.wait_value(1, "pgvigil_replication_slot_inactive", **mine)
    agent.wait_value(0, "pgvigil_replication_standbys_streaming")
    write(primary, 50_000)
    until(
        lambda: agent.value("pgvigil_replication_slot_retained_bytes", **mine) > 1_000_000,
        "WAL is retained",
        pause=0.3,
    )
    families = agent.scrape()
    assert not families.has("pgvigil_replication_standby_replay_lag_bytes")
    assert families.value("pgvigil_replication_slot_wal_status", wal_status="reserved", **mine) == 1
    assert families.value("pgvigil_replication_slot_invalidated", **mine) == 0
    if primary.major >= 17:
        until(
            lambda: agent.value("pgvigil_replication_slot_inactive_seconds", **mine) > 0,
            "it tells since when",
            pause=0.3,
        )
    else:
        assert not families.has("pgvigil_replication_slot_inactive_seconds")
    standby.start()
    agent.wait_value(0, "pgvigil_replication_slot_inactive", **mine)


def test_a_slot_whose_wal_is_gone_is_lost(primary, slot, making):
    agent = making.agent_of(primary, more=SENDING)
    primary.run("alter system set max_slot_wal_keep_size = '1MB'")
    primary.run("select pg_reload_conf()")
    try:
        until(
            lambda: agent.value("pgvigil_replication_slot_safe_bytes", slot_name=slot) is not None,
            "the limit is known",
            pause=0.3,
        )
        for _ in range(4):
            write(primary)
            primary.run("select pg_switch_wal()")
        primary.run("checkpoint")
        agent.wait_value(1, "pgvigil_replication_slot_wal_status", slot_name=slot, wal_status="lost")
        families = agent.scrape()
        assert (
            families.value("pgvigil_replication_slot_wal_status", slot_name=slot, wal_status="reserved") == 0
        )
        assert families.value("pgvigil_replication_slot_invalidated", slot_name=slot) == 1
        assert families.value("pgvigil_replication_slot_safe_bytes", slot_name=slot) is None
        if primary.major >= 17:
            assert families.has("pgvigil_replication_slot_invalidated", invalidation_reason="wal_removed")
    finally:
        primary.run("alter system reset max_slot_wal_keep_size")
        primary.run("select pg_reload_conf()")


def test_a_slot_with_a_limit_tells_the_time_that_is_left(primary, slot, making):
    agent = making.agent_of(primary, more=SENDING)
    assert agent.value("pgvigil_replication_slot_safe_seconds_left", slot_name=slot) is None
    primary.run("alter system set max_slot_wal_keep_size = '1GB'")
    primary.run("select pg_reload_conf()")

    def left():
        write(primary, 10_000)
        return agent.value("pgvigil_replication_slot_safe_seconds_left", slot_name=slot)

    try:
        assert until(left, "the time left is told", pause=0.3) > 0
        until(lambda: agent.value("pgvigil_wal_bytes_per_second") > 0, "the rate is told", pause=0.3)
    finally:
        primary.run("alter system reset max_slot_wal_keep_size")
        primary.run("select pg_reload_conf()")


def test_a_forgotten_logical_slot_holds_the_catalogs_horizon_and_its_lag_grows(primary, slot, making):
    agent = making.agent_of(primary, more=SENDING)
    for _ in range(10):
        primary.run("select txid_current()")
    write(primary, 50_000)
    until(
        lambda: agent.value("pgvigil_xmin_horizon_age", holder="slot_catalog", holder_name=slot) >= 10,
        "the horizon is held",
        pause=0.3,
    )
    until(
        lambda: agent.value("pgvigil_replication_slot_unconfirmed_bytes", slot_name=slot, datname="postgres")
        > 1_000_000,
        "the lag grows",
        pause=0.3,
    )
    families = agent.scrape()
    unconfirmed, retained = (
        families.value(f"pgvigil_replication_slot_{name}_bytes", slot_name=slot)
        for name in ("unconfirmed", "retained")
    )
    assert retained >= unconfirmed
    if primary.major >= 14:
        primary.run("select count(*) from pg_logical_slot_peek_changes('forgotten', null, null)")
        until(
            lambda: (agent.value("pgvigil_logical_decoding_bytes_total", slot_name=slot) or 0) > 0,
            "the decoding is counted",
            pause=0.3,
        )


def test_the_position_in_wal_grows_by_what_is_written(primary, making):
    agent = making.agent_of(primary, more=SENDING)
    before = agent.value("pgvigil_wal_position_bytes")
    write(primary, 50_000)
    until(lambda: agent.value("pgvigil_wal_position_bytes") > before + 1_000_000, "it grows", pause=0.3)
    assert agent.value("pgvigil_wal_since_checkpoint_bytes") > 0
    primary.run("checkpoint")
    until(
        lambda: agent.value("pgvigil_wal_since_checkpoint_bytes") < 1000, "a checkpoint was made", pause=0.3
    )
    assert agent.value("pgvigil_wal_timeline") == 1


def test_a_broken_link_is_a_state_and_no_lag_of_0(making):
    primary = making.cluster()
    standby = making.standby(primary)
    agent = making.agent_of(standby, more=RECEIVING)
    agent.wait_value(1, "pgvigil_replication_connected")
    assert agent.value("pgvigil_recovery_pause_state", state="not paused") == 1
    received = agent.value("pgvigil_wal_received_position_bytes")
    assert received >= agent.value("pgvigil_wal_replayed_position_bytes") > 0
    primary.stop()
    agent.wait_value(0, "pgvigil_replication_connected")
    assert agent.value("pgvigil_replication_lag_bytes") is None
    primary.start()
    agent.wait_value(1, "pgvigil_replication_connected")
    standby.run("select pg_wal_replay_pause()")
    agent.wait_value(1, "pgvigil_recovery_pause_state", state="paused")
    assert agent.value("pgvigil_recovery_pause_state", state="not paused") == 0


# Subscriptions


@pytest.fixture
def subscriber(primary, making):
    """A server that subscribes to table paid of the primary."""
    primary.run("drop table if exists paid; create table paid (id int primary key)")
    primary.run("create publication shop for table paid")
    subscriber = making.cluster(primary.major, settings=LOGICAL)
    subscriber.run("create table paid (id int primary key)")
    address = f"host={primary.home} port={primary.port} user=postgres dbname=postgres"
    subscriber.run(f"create subscription mirror connection '{address}' publication shop")
    yield subscriber
    with contextlib.suppress(Exception):
        subscriber.run("drop subscription mirror")
    primary.run("drop publication shop")


MIRROR = {"datname": "postgres", "subname": "mirror"}


def test_a_subscription_tells_its_worker_and_its_errors(primary, subscriber, making):
    publisher, agent = making.agent_of(primary, more=SENDING), making.agent_of(subscriber, more=RECEIVING)
    agent.wait_value(1, "pgvigil_subscription_worker_running", **MIRROR)
    assert agent.value("pgvigil_subscription_enabled", **MIRROR) == 1
    primary.run("insert into paid values (1)")
    until(lambda: subscriber.value("select count(*) from paid"), "the row arrives")
    publisher.wait_value(0, "pgvigil_replication_slot_inactive", slot_name="mirror")
    publisher.wait_value(0, "pgvigil_replication_standbys_streaming")  # it is no standby
    until(
        lambda: agent.value("pgvigil_subscription_received_position_bytes", **MIRROR) > 0, "WAL is received"
    )
    assert agent.value("pgvigil_subscription_last_message_age_seconds", **MIRROR) < 60

    subscriber.run("insert into paid values (2)")
    primary.run("insert into paid values (2)")
    if primary.major >= 15:
        until(
            lambda: agent.value("pgvigil_subscription_apply_errors_total", **MIRROR) > 0,
            "the error is counted",
            pause=0.3,
        )
    if primary.major >= 18:
        until(
            lambda: agent.value("pgvigil_subscription_conflicts_total", conflict="insert_exists", **MIRROR)
            > 0,
            "the conflict is counted",
            pause=0.3,
        )
    subscriber.run("delete from paid where id = 2")
    until(lambda: subscriber.value("select count(*) from paid where id = 2"), "the second row arrives")

    subscriber.run("alter subscription mirror disable")
    agent.wait_value(0, "pgvigil_subscription_enabled", **MIRROR)
    agent.wait_value(0, "pgvigil_subscription_worker_running", **MIRROR)
    publisher.wait_value(1, "pgvigil_replication_slot_inactive", slot_name="mirror")
    assert agent.value("pgvigil_subscription_last_message_age_seconds", **MIRROR) is None
