"""Advice of the running agent: the ledger, the API, the series, and what is dismissed."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from support import places
from support.agent import command
from support.waiting import until

ADVICE = """
[advice]
every = "1s"
disappear_after = 2

[advice.duplicate_index]
min_size = "0B"
"""


@pytest.fixture
def server(making):
    server = making.cluster()
    server.run("create table orders (a int, b int)")
    for name in ("orders_1", "orders_2"):
        server.run(f"create index {name} on orders (a)")
    return server


def duplicates(agent):
    """By object, of those that stand."""
    (one,) = agent.get("/api/v1/advice?kind=duplicate_index").json()["data"]["servers"]
    (opinion,) = one["opinions"]
    return {advice["object"]["name"]: advice for advice in opinion["advice"]}


def has_series(agent):
    return agent.scrape().has("pgvigil_advice", kind="duplicate_index", object="orders_2")


def dismiss(agent, **form):
    url = f"http://127.0.0.1:{agent.port}/api/v1/advice/dismiss"
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_advice_appears_when_it_is_steady_and_goes_when_it_was_followed(server, making):
    agent = making.agent_of(server, more=ADVICE)
    until(lambda: "orders_2" in duplicates(agent), "the duplicate is told")
    until(lambda: has_series(agent), "it has a series")
    advice = duplicates(agent)["orders_2"]
    question = urllib.parse.quote('pgvigil_advice{kind="duplicate_index"} * on (id) pgvigil_advice_impact_bytes')
    until(lambda: agent.get(f"/api/v1/query?query={question}").json()["data"]["result"], "rules can read it")
    assert advice["fix"]["sql"] == "DROP INDEX CONCURRENTLY public.orders_2;"
    assert advice["first_seen"] is not None and advice["dismissed"] is None
    agent.wait_value(1, "pgvigil_advice_findings", kind="duplicate_index")
    assert "1 duplicate_index" in agent.get("/").text
    server.run("drop index orders_2")
    until(lambda: not duplicates(agent), "it is told no more")
    agent.wait_value(0, "pgvigil_advice_findings", kind="duplicate_index")
    until(lambda: not has_series(agent), "nor has it a series")


def test_lost_sight_is_no_good_news(server, making):
    agent = making.agent_of(server, more=ADVICE)
    until(lambda: "orders_2" in duplicates(agent), "the duplicate is told")
    server.stop()
    path = "/api/v1/advice?kind=duplicate_index"
    until(lambda: agent.get(path).json()["data"]["servers"][0]["trouble"], "a look has failed")
    assert "orders_2" in duplicates(agent)
    told = agent.status()["server"]["advice"]
    assert told["failures"] >= 1 and told["trouble"] and told["last_success"] and told["findings"]["duplicate_index"] == 1
    assert agent.value("pgvigil_advice_run_failures_total") >= 1
    assert agent.value("pgvigil_advice_runs_total") > agent.value("pgvigil_advice_run_failures_total")
    assert "The last look failed" in agent.get("/").text
    server.start()
    until(lambda: not agent.get(path).json()["data"]["servers"][0]["trouble"], "a look has succeeded")
    assert "orders_2" in duplicates(agent)


def test_what_is_dismissed_has_no_series_and_stays_dismissed_over_a_restart(server, making):
    folder = places.new_folder("state")
    more = ADVICE + f'[state]\ndirectory = "{folder}"\n'
    agent = making.agent_of(server, more=more)
    until(lambda: has_series(agent), "the duplicate has a series")
    before = duplicates(agent)["orders_2"]
    status, told = dismiss(agent, id="none", reason="because")
    assert status == 404 and "no advice with the id 'none' stands" in told["error"]
    assert dismiss(agent, id=before["id"])[0] == 400
    assert dismiss(agent, id=before["id"], reason="because", until="yesterday")[0] == 400
    assert dismiss(agent, id=before["id"], reason="because", until="2020-01-01")[0] == 400
    assert dismiss(agent, id=before["id"], reason="because", until="30d", server="other")[0] == 404
    url = f"http://127.0.0.1:{agent.port}"
    told = command("advise", "dismiss", before["id"], "--reason", "the yearly report", "--until", "2100-01-01", "--url", url)
    assert told.returncode == 0 and "is dismissed until 2100-01-01T00:00:00" in told.stdout
    assert not has_series(agent)
    agent.stop()
    again = making.agent_of(server, more=more)
    until(lambda: "orders_2" in duplicates(again), "it stands again")
    after = duplicates(again)["orders_2"]
    assert after["dismissed"]["reason"] == "the yearly report" and not has_series(again)
    assert after["first_seen"] == pytest.approx(before["first_seen"], abs=0.001)
    again.stop()
    places.remove_folder(folder)
