"""The pages for people: what somebody who is on call reads at night. With PGVIGIL_PICTURES=FOLDER they are photographed."""

import html.parser

import pytest

from support import pictures
from support.agent import command
from support.conditions import Conditions, settings, start, webhook
from support.config import config
from support.sink import Sink
from support.waiting import until

HOSTILE = "<script>alert(1)</script>"
RULES = """
[[rule]]
alert = "TestAlert"
expr = "test_conditions > 0"
labels = { severity = "critical" }
annotations = { summary = "condition {{ $labels.id }} of team {{ $labels.team }} holds <b>" }

[[rule]]
alert = "TestNoise"
expr = 'test_conditions{id="1"} > 0'
labels = { severity = "info" }
annotations = { summary = "follows from the other" }

[[rule]]
alert = "TestSlow"
expr = 'test_conditions{id="1"} > 0'
for = "1h"
labels = { severity = "warning" }
annotations = { summary = "holds, not for long enough" }
"""
POLICY = """
[[inhibit]]
source = ['alertname="TestAlert"', 'id="1"']
target = ['alertname="TestNoise"']

[[route]]
match = ['alertname="TestAlert"', 'id="4"']
receivers = ["slowly"]
group_wait = "10m"

[[route]]
match = ['alertname="TestAlert"', 'id="3"']
receivers = ["away", "picky"]

[[route]]
receivers = ["hook"]
"""


class Page(html.parser.HTMLParser):
    """Its text, what it would load, and whether every element is closed in its turn."""

    EMPTY = ("meta", "br", "link", "img")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.loads, self.words = [], set(), [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.loads += [value for name, value in attrs if name in ("src", "srcset", "action") or (tag == "link" and name == "href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


def page(agent, path):
    answer = agent.get(path)
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    found = Page(answer.text)
    assert not found.open and not found.loads and "script" not in found.tags
    return found.text


@pytest.fixture(scope="module")
def server(shared):
    cluster = shared.cluster()
    Conditions.prepare(cluster)
    return cluster


def test_it_says_why_somebody_was_told_or_not(making, server):
    with Sink() as hook, Sink(lambda *_: (503, {}, HOSTILE.encode())) as away, Sink(lambda *_: (406, {}, b"no")) as picky, Sink() as spare:
        receivers = (
            webhook(hook) + webhook(spare, "spare") + webhook(hook, "slowly")
            + webhook(away, "away", 'fallback = "spare"\nfallback_after = "1s"') + webhook(picky, "picky", 'fallback = "spare"')
        )  # fmt: skip
        agent = start(making, server, settings(receivers, POLICY, '["alertname", "id"]'), RULES)
        address = ["--address", f"127.0.0.1:{agent.port}"]
        silenced = command("silence", "add", "id=2", "--for", "2h", "--comment", f"moving {HOSTILE}", "--author", "ann", *address)
        server.run(f"insert into conditions select id, case id when 1 then '{HOSTILE}' else 'b' end, 1 from generate_series(1, 4) id")
        until(lambda: spare.requests, "the fallback was told")
        until(lambda: hook.requests, "it was told")
        agent.wait_log("event=notification_withheld")
        until(lambda: "inhibited by TestAlert" in page(agent, "/notifications"), "all was decided")
        seen = page(agent, "/notifications")
        for text in (
            f"silence {silenced.stdout.strip()} of ann until", f"moving {HOSTILE}",  # who, how long, why
            "waits for others of its group (group_wait) until ", "UTC (in 10 min)",
            "passed to its fallback spare",
            f"HTTP 503: {HOSTILE}", "next attempt", "fallback: spare",  # how the receiver is
            "condition 1 of team", "told firing (HTTP 200",
        ):  # fmt: skip
            assert text in seen, (text, seen)
        first = page(agent, "/")
        assert "hook: told" in first and "hook: inhibited by TestAlert" in first and "hook: silence" in first, first
        assert "Receivers that take no messages" in first and HOSTILE in first
        told = {alert["name"]: alert["told"] for alert in agent.status()["alerts"]}
        assert told["TestSlow"] == [] and len(told["TestAlert"]) >= 1
        groups = agent.get("/api/v1/notifications").json()["data"]["groups"]
        assert {group["outcome"] for group in groups} >= {"waiting", "quiet"}
        agent.wait_value(1, "pgvigil_notifications_waiting", receiver="away")
        pictures.photograph(agent, "notifications", "/notifications")
        pictures.photograph(agent, "status", "/")


def test_without_a_receiver_it_says_how_to_have_one(making, server):
    agent = making.agent(config(server))
    seen = page(agent, "/notifications")
    assert "No receiver is configured" in seen and "[receiver.dba]" in seen and "pgvigil notify test dba" in seen
    pictures.photograph(agent, "notifications-none", "/notifications")
    pictures.photograph(agent, "status-none", "/")
