"""Alerts of a running agent, from the database to receivers: once, whole, and through crashes and outages."""

import contextlib
import json
import os
import random
import subprocess
import time

import pytest

from support import places
from support.agent import command
from support.config import config, custom_collector
from support.sink import Sink
from support.waiting import until

RULES = """
[[rule]]
alert = "TestAlert"
expr = "test_conditions > 0"
labels = { severity = "critical" }

[rule.annotations]
summary = "condition {{ $labels.id }} holds"
"""


@pytest.fixture(scope="module")
def server(shared):
    cluster = shared.cluster()
    cluster.run("create table conditions (id int primary key, value float8 not null)")
    cluster.run("grant select on conditions to pgvigil")
    return cluster


@pytest.fixture
def conditions(server):
    server.run("truncate conditions")
    return Conditions(server)


class Conditions:
    def __init__(self, server):
        self._server = server

    def set(self, *ids):
        """These hold from now on, and no other."""
        values = ",".join(f"({one}, 1)" for one in ids)
        self._server.run("begin; truncate conditions;" + (f"insert into conditions values {values};" if ids else "") + "commit")


COLLECTOR = custom_collector("conditions", "select id::text, value from public.conditions", labels=["id"])


def settings(receivers, more="", state="state"):
    return f"""
[state]
directory = "{state}"

[rules]
packs = false
evaluation_interval = "1s"

[notify]
group_by = ["alertname"]
group_wait = "0s"
group_interval = "0s"

{receivers}
{more}
"""


def webhook(sink, name="hook", more=""):
    return f'[receiver.{name}]\ntype = "webhook"\nurl = "{sink.url}"\nmax_alerts = 1000\n{more}\n'


def start(making, server, text):
    agent = making.agent(config(server, more=text), ready=False)
    agent._process.stop()
    folder = os.path.join(agent.home, "rules.d")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "test.toml"), "w", encoding="utf-8") as file:
        file.write(RULES)
    agent.write_collector("conditions", COLLECTOR)
    agent.start()
    return agent


def alerts(bodies, status):
    """The ids of alerts that were told with that status."""
    return {one["labels"]["id"] for body in bodies for one in body["alerts"] if one["status"] == status}


def test_a_condition_is_told_and_so_is_its_end(making, server, conditions):
    with Sink() as sink:
        start(making, server, settings(webhook(sink)))
        conditions.set(1)
        sink.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "it fires")
        (first,) = sink.bodies()
        assert first["alerts"][0]["annotations"]["summary"] == "condition 1 holds"
        assert first["alerts"][0]["labels"]["severity"] == "critical"
        conditions.set()
        sink.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "it is resolved")
        assert len(sink.bodies()) == 2
        ids = [headers["webhook-id"] for _, headers, _ in sink.requests]
        assert len(set(ids)) == 2


def test_an_outage_ends_in_one_message_about_what_happened(making, server, conditions):
    away = True
    with Sink(lambda *_: (503, {}, b"") if away else (200, {}, b"ok")) as sink:
        agent = start(making, server, settings(webhook(sink)))
        conditions.set(1, 2)
        until(lambda: '"outcome":"retry"' in agent.get("/api/v1/notifications").text, "an attempt failed")
        conditions.set(2)
        agent.wait_log("alert_resolved")
        away = False
        sink.wait_for(lambda bodies: alerts(bodies, "firing") == {"2"} and alerts(bodies, "resolved") == {"1"}, "both")
        assert len(sink.bodies()) <= 2


def test_a_restart_tells_nothing_and_forgets_nothing(making, server, conditions):
    with Sink() as sink:
        agent = start(making, server, settings(webhook(sink)))
        conditions.set(1)
        sink.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "it fires")
        agent.kill()
        agent.start()
        time.sleep(3)
        assert len(sink.bodies()) == 1
        agent.kill()
        conditions.set()
        agent.start()
        sink.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "it is resolved")
        assert len(sink.bodies()) == 2


def test_a_silence_keeps_it_quiet_and_says_so(making, server, conditions):
    with Sink() as sink:
        agent = start(making, server, settings(webhook(sink)))
        address = ["--address", f"127.0.0.1:{agent.port}"]
        made = command("silence", "add", "id=1", "--for", "1h", "--comment", "maintenance", "--author", "me", *address)
        assert made.returncode == 0, made.stderr
        identity = made.stdout.strip()
        conditions.set(1)
        until(lambda: f"silence {identity} of me" in agent.get("/api/v1/notifications").text, "the reason is shown")
        assert not sink.bodies()
        listed = command("silence", "list", *address)
        assert identity in listed.stdout and "id=1" in listed.stdout and "maintenance" in listed.stdout
        unknown = command("silence", "expire", "no-such", *address)
        assert unknown.returncode == 1 and "there is no silence 'no-such'" in unknown.stderr
        # A proxy of the environment is no way to what listens on this machine alone.
        nowhere = {"http_proxy": f"http://127.0.0.1:{places.free_port()}"}
        assert command("silence", "expire", identity, *address, env=nowhere).returncode == 0
        sink.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "it outlived its silence")
        everything = command("silence", "add", "id=~.*", "--for", "1h", *address)
        assert everything.returncode == 1 and "would silence everything" in everything.stderr


def test_alertmanagers_own_tool_silences(making, server):
    agent = start(making, server, settings(""))
    def amtool(*words):
        url = f"--alertmanager.url=http://127.0.0.1:{agent.port}"
        done = subprocess.run(["amtool", "silence", url, *words], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    identity = amtool("add", "alertname=TestAlert", "id=~1.*", "--duration=2h", "--author=me", "--comment=by amtool").strip()
    assert identity in amtool("query") and "by amtool" in amtool("query")
    shown = agent.get(f"/api/v2/silence/{identity}")
    assert shown.status == 200 and shown.json()["status"]["state"] == "active"
    amtool("expire", identity)
    assert identity not in amtool("query") and identity in amtool("query", "--expired")
    assert agent.request("DELETE", f"/api/v2/silence/{identity}").status == 200  # ended twice is ended
    assert agent.request("DELETE", "/api/v2/silence/no-such").status == 404
    assert agent.get("/api/v2/silence/no-such").status == 404
    refused = agent.request("POST", f"/api/v2/silence/{identity}")
    assert refused.status == 405 and refused.headers["allow"] == "GET, HEAD, DELETE"


def test_a_receiver_that_cannot_be_reached_has_one_that_stands_in(making, server, conditions):
    with Sink(lambda *_: (404, {}, b"no_service")) as gone, Sink() as other:
        receivers = webhook(gone, more='fallback = "other"\nfallback_after = "0s"') + webhook(other, "other")
        route = '[[route]]\nreceivers = ["hook"]\n'
        start(making, server, settings(receivers, route))
        conditions.set(1)
        other.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "the other is told")
        conditions.set()
        other.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "the other hears of the end")


def test_a_heartbeat_is_sent_while_all_is_well(making, server, conditions):
    with Sink() as sink, Sink() as hook:
        receivers = webhook(hook) + f'[receiver.beat]\ntype = "heartbeat"\nurl = "{sink.url}/ping"\nevery = "1s"\nfail_suffix = "/fail"\n'
        agent = start(making, server, settings(receivers))
        until(lambda: sum(path == "/ping" for path, _, _ in sink.requests) >= 2, "it beats")
        agent.stop()
        assert sink.requests[-1][0] == "/ping/fail" and b"stopping" in sink.requests[-1][2]


KILLS = int(os.environ.get("PGVIGIL_CHAOS_KILLS", "12"))


def test_every_state_arrives_though_the_agent_is_killed_and_the_receiver_fails(making, server, conditions):
    chance = random.Random(7)

    def behave(*_):
        fate = chance.random()
        if fate < 0.1:
            return 500, {}, b""
        if fate < 0.2:
            return 429, {"Retry-After": "1"}, b""
        if fate < 0.25:
            return None
        return 200, {}, b"ok"

    with Sink(behave) as sink:
        agent = start(making, server, settings(webhook(sink)))
        ids = [str(one) for one in range(200)]
        fired, ended, holding = set(), set(), set()
        waiting = list(ids)
        for _ in range(KILLS):
            starting, waiting = waiting[: 1 + 200 // KILLS], waiting[1 + 200 // KILLS :]
            stopping = {one for one in holding if chance.random() < 0.5}
            holding = (holding - stopping) | set(starting)
            conditions.set(*holding)
            time.sleep(chance.uniform(0.2, 2.5))
            agent.kill()
            agent.start(ready=False)
        sink.wait_for(lambda bodies: holding <= alerts(bodies, "firing"), "all that holds is told", 90)
        conditions.set()
        sink.wait_for(lambda bodies: holding <= alerts(bodies, "resolved"), "all ends are told", 90)
        told = {}
        for body in sink.bodies():
            for one in body["alerts"]:
                told.setdefault(one["labels"]["id"], []).append(one["status"])
        assert all(states[-1] == "resolved" for states in told.values())
        identities = [headers["webhook-id"] for _, headers, _ in sink.requests]
        duplicates = len(identities) - len(set(identities))
        print(f"{KILLS} kills, {len(identities)} messages, {duplicates} duplicates")
        assert duplicates <= max(2, len(identities) // 20)
