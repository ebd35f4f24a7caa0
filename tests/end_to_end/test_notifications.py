"""Alerts of a running agent, from the database to receivers: once, whole, and through crashes and outages."""

import json
import subprocess
import time

import pytest

from support import places
from support.agent import command
from support.conditions import RULES, Conditions, alerts, settings, start, webhook
from support.config import config
from support.sink import Sink
from support.waiting import until


@pytest.fixture(scope="module")
def server(shared):
    cluster = shared.cluster()
    Conditions.prepare(cluster)
    return cluster


@pytest.fixture
def conditions(server):
    server.run("truncate conditions")
    return Conditions(server)


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


def test_a_message_shows_how_the_value_came_to_be_what_it_is(making, server, conditions):
    rules = RULES.replace('expr = "test_conditions > 0"', 'expr = "test_conditions > 5"\nfor = "65s"')
    with Sink(lambda *_: (200, {}, b"ok")) as sink:
        conditions.set(1)
        agent = start(making, server, settings(f'[receiver.slack]\ntype = "slack"\nurl = "{sink.url}"\n'), rules)
        agent.wait_value(1, "test_conditions", id="1", team="0")
        server.run("update conditions set value = 9")
        sink.wait_for(lambda bodies: bodies, "it is told", 120)
        text = json.dumps(sink.bodies()[0], ensure_ascii=False)
        assert "▁█" in text, text


def test_a_heartbeat_is_sent_while_all_is_well(making, server, conditions):
    with Sink() as sink, Sink() as hook:
        receivers = webhook(hook) + f'[receiver.beat]\ntype = "heartbeat"\nurl = "{sink.url}/ping"\nevery = "1s"\nfail_suffix = "/fail"\n'
        agent = start(making, server, settings(receivers))
        until(lambda: sum(path == "/ping" for path, _, _ in sink.requests) >= 2, "it beats")
        agent.stop()
        assert sink.requests[-1][0] == "/ping/fail" and b"stopping" in sink.requests[-1][2]


def test_what_is_refused_for_good_is_told_to_whoever_stands_in(making, server, conditions):
    with Sink(lambda *_: (406, {}, b"not acceptable")) as picky, Sink() as other:
        receivers = webhook(picky, more='fallback = "other"') + webhook(other, "other")
        agent = start(making, server, settings(receivers, '[[route]]\nreceivers = ["hook"]\n'))
        conditions.set(1)
        other.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "the other is told")
        assert '"outcome":"refused"' in agent.get("/api/v1/notifications").text
        conditions.set()
        other.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "the other hears of the end")


def test_an_end_that_is_refused_though_its_beginning_was_taken_is_told_to_whoever_stands_in(making, server, conditions):
    def behave(_path, _headers, body):
        return (200, {}, b"") if json.loads(body)["status"] == "firing" else (406, {}, b"not acceptable")

    with Sink(behave) as picky, Sink() as other:
        receivers = webhook(picky, more='fallback = "other"') + webhook(other, "other")
        start(making, server, settings(receivers, '[[route]]\nreceivers = ["hook"]\n'))
        conditions.set(1)
        picky.wait_for(lambda bodies: alerts(bodies, "firing") == {"1"}, "it is told")
        conditions.set()
        other.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "the other hears of the end")
        assert alerts(other.bodies(), "firing") == set()


def test_what_is_too_long_or_malformed_is_told_with_less(making, server, conditions):
    refused = []

    def behave(_path, _headers, body):
        message = json.loads(body)
        if "attachments" in message:
            refused.append(len(body))
            return (413, {}, b"") if len(refused) == 1 else (400, {}, b"invalid_blocks")
        return 200, {}, b"ok"

    with Sink(behave) as sink:
        agent = start(making, server, settings(f'[receiver.slack]\ntype = "slack"\nurl = "{sink.url}"\n'))
        conditions.set(1)
        sink.wait_for(lambda bodies: len(bodies) == 1, "the plain text is taken")
        (message,) = sink.bodies()
        assert message["text"].startswith("[FIRING:1] condition 1 holds")
        assert len(refused) == 2 and refused[1] <= refused[0]  # in full, and with less
        assert agent.log().count("event=notification_degraded") == 2


@pytest.mark.parametrize("ends", ["reload", "another_timeout", "stop"])
def test_a_message_under_way_is_told_once_though_the_agent_is_reloaded_or_stopped(making, server, conditions, ends):
    asked = []

    def slowly(*_):
        asked.append(time.monotonic())
        time.sleep(1.2)
        return 200, {}, b"ok"

    with Sink(slowly) as sink:
        agent = start(making, server, settings(webhook(sink)))
        conditions.set(1)
        until(lambda: asked, "a message is under way")
        if ends == "stop":
            agent.stop()
            agent.start()
        else:
            more = 'timeout = "9s"' if ends == "another_timeout" else ""
            agent.write(config(server, more=settings(webhook(sink, more=more)).replace('"0s"', '"100ms"')))
            assert agent.reload().status == 200
        until(lambda: len(sink.requests) == 1, "it is taken")
        conditions.set()
        sink.wait_for(lambda bodies: alerts(bodies, "resolved") == {"1"}, "the end is told")
        assert len(asked) == 2
