"""Rules over what a running agent collects: alerts that wait, fire, end, and outlive the agent."""

import os
import signal

import pytest

from support.config import config, every, fleet_config
from support.waiting import stays, until

RULES = """
interval = "1s"

[[rule]]
alert = "LocksAwaited"
expr = 'sum by (instance) (pg_locks_count{mode="accessexclusivelock"}) > 0'
for = "%s"
labels = { severity = "warning" }
annotations = { summary = "{{ $value }} locks on {{ $labels.instance }}" }

[[rule]]
alert = "Down"
expr = "pg_up == 0"
labels = { severity = "critical" }
annotations = { summary = "Postgres does not answer." }
"""

SETTINGS = (
    '[state]\ndirectory = "state"\n[rules]\npacks = false\ninstance = "db1:5432"\n' + every("1s", "locks") + "\n"
)


@pytest.fixture
def server(making):
    server = making.cluster()
    server.run("create table t (a int)")
    return server


@pytest.fixture
def agent(making, server):
    agent = making.agent_of(server, more=SETTINGS)
    agent.write_rules(RULES % "3s")
    assert agent.reload().status == 200
    return agent


def alert(agent, name):
    return next((one for one in agent.status()["alerts"] if one["name"] == name), None)


def wait_alert(agent, name, state):
    return until(lambda: (found := alert(agent, name)) and found["state"] == state and found, f"{name} is {state}")


def wait_gone(agent, name):
    until(lambda: alert(agent, name) is None, f"{name} is over")


def kill_and_start(agent):
    agent.send(signal.SIGKILL)
    until(lambda: not agent.running(), "the agent is dead")
    agent.start()


@pytest.fixture
def lock(server):
    """A session that holds an exclusive lock until it ends."""
    session = server.connect(autocommit=False)
    session.cursor().execute("lock table t in access exclusive mode")
    yield session
    session.close()


def test_an_alert_comes_with_its_condition_and_goes_with_it(agent, lock):
    wait_alert(agent, "LocksAwaited", "pending")
    firing = wait_alert(agent, "LocksAwaited", "firing")
    assert firing["summary"] == "1 locks on db1:5432"
    assert firing["severity"] == "warning"
    until(
        lambda: agent.value("pgvigil_alerts", alertname="LocksAwaited", alertstate="firing", severity="warning") == 1,
        "the metric counts it",
    )
    assert "LocksAwaited" in agent.get("/").text
    lock.rollback()
    wait_gone(agent, "LocksAwaited")
    agent.wait_log("event=alert_resolved alert=LocksAwaited")
    assert agent.log().count("event=alert_firing alert=LocksAwaited") == 1
    assert agent.value("pgvigil_rule_evaluation_failures_total") == 0
    assert agent.value("pgvigil_store_durable") == 1


def test_a_killed_agent_goes_on_where_it_was(agent, lock):
    first = wait_alert(agent, "LocksAwaited", "firing")
    kill_and_start(agent)
    again = wait_alert(agent, "LocksAwaited", "firing")
    assert again["since"] == first["since"]
    lock.rollback()
    wait_gone(agent, "LocksAwaited")
    assert agent.log().count("event=alert_firing alert=LocksAwaited") <= 1


def test_a_pending_alert_keeps_its_time_over_a_kill(agent, lock):
    agent.write_rules(RULES % "20s")
    assert agent.reload().status == 200
    began = wait_alert(agent, "LocksAwaited", "pending")
    kill_and_start(agent)
    fired = wait_alert(agent, "LocksAwaited", "firing")
    # The clock went on: what was waited before the kill counts.
    assert fired["since"] - began["since"] < 40


def test_lost_sight_is_not_good_news(agent, server, lock):
    wait_alert(agent, "LocksAwaited", "firing")
    server.freeze()
    try:
        until(lambda: alert(agent, "LocksAwaited")["unknown_since"], "it is unknown")
        assert alert(agent, "LocksAwaited")["state"] == "firing"
        wait_alert(agent, "Down", "firing")
        stays(lambda: alert(agent, "LocksAwaited")["state"] == "firing", "it fires on", 3)
    finally:
        server.thaw()
    until(lambda: alert(agent, "LocksAwaited")["unknown_since"] is None, "it is seen again")
    wait_gone(agent, "Down")
    lock.rollback()
    wait_gone(agent, "LocksAwaited")


def test_a_stopped_server_is_an_alert(agent, server):
    server.stop("immediate")
    wait_alert(agent, "Down", "firing")
    server.start()
    wait_gone(agent, "Down")


def test_a_reload_of_one_rule_leaves_the_others_alone(agent, lock):
    first = wait_alert(agent, "LocksAwaited", "firing")
    agent.write_rules((RULES % "3s").replace("pg_up == 0", "pg_up < 1"))
    assert agent.reload().status == 200
    stays(lambda: alert(agent, "LocksAwaited")["since"] == first["since"], "it fires on", 2)
    agent.write_rules("[[rule]]\nalert = 'X'\nexpr = 'sum('\n")
    refused = agent.reload()
    assert refused.status == 500
    assert "mine.toml:3" in refused.text
    assert alert(agent, "LocksAwaited")["since"] == first["since"]


def test_damaged_state_is_set_aside(agent, lock):
    wait_alert(agent, "LocksAwaited", "firing")
    agent.stop()
    state = os.path.join(agent.home, "state")
    for name in ("pgvigil.db", "history.bin"):
        with open(os.path.join(state, name), "wb") as file:
            file.write(b"?" * 5000)
    agent.start()
    wait_alert(agent, "LocksAwaited", "firing")
    assert agent.value("pgvigil_store_set_aside_total") == 1
    assert agent.value("pgvigil_history_set_aside_total") == 1
    assert os.path.exists(os.path.join(state, "pgvigil.db.damaged"))
    assert os.path.exists(os.path.join(state, "history.bin.damaged"))


def test_the_shipped_rules_are_judged_without_any_setting(making, server):
    agent = making.agent(config(server))
    until(lambda: agent.value("pgvigil_rule_evaluations_total") > 100, "rules are evaluated")
    assert agent.value("pgvigil_rules") > 50
    assert agent.value("pgvigil_rule_evaluation_failures_total") == 0
    assert "state_in_memory" in agent.log()


TWO_SERVERS = """
interval = "1s"

[[rule]]
alert = "LocksAwaited"
expr = 'sum by (instance, target) (pg_locks_count{mode="accessexclusivelock"}) > 0'

[[rule]]
alert = "Down"
expr = "pg_up == 0"
"""


def of_target(agent, name, target):
    of = f'target="{target}"'
    return next((one for one in agent.status()["alerts"] if one["name"] == name and of in one["labels"]), None)


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
def test_a_server_that_is_gone_holds_its_own_alerts_and_no_others(making, trouble):
    servers = {"orders": making.cluster(), "billing": making.cluster()}
    agent = making.agent(fleet_config(servers, SETTINGS))
    agent.write_rules(TWO_SERVERS)
    assert agent.reload().status == 200
    locks = {}
    for name, server in servers.items():
        server.run("create table t (a int)")
        locks[name] = server.connect(autocommit=False)
        locks[name].cursor().execute("lock table t in access exclusive mode")
    for name in servers:
        until(lambda: (found := of_target(agent, "LocksAwaited", name)) and found["state"] == "firing", f"{name} fires")

    if trouble == "stopped":
        servers["billing"].stop("immediate")
    else:
        servers["billing"].freeze()
    until(lambda: of_target(agent, "Down", "billing"), "billing is down")
    until(lambda: of_target(agent, "LocksAwaited", "billing")["unknown_since"], "its alert is unknown")
    locks["orders"].close()
    until(lambda: of_target(agent, "LocksAwaited", "orders") is None, "the other server's alert ends")
    held = of_target(agent, "LocksAwaited", "billing")
    assert held["state"] == "firing" and held["unknown_since"]
    assert of_target(agent, "Down", "orders") is None

    # Its own ends by what is seen of it, and not before.
    if trouble == "stopped":
        servers["billing"].start()
    else:
        locks["billing"].close()
        servers["billing"].thaw()
    until(lambda: of_target(agent, "Down", "billing") is None, "billing is up")
    until(lambda: of_target(agent, "LocksAwaited", "billing") is None, "its alert ends")
