"""Nothing is lost, though the agent is killed at random moments and receivers fail in every way there is.

200 alerts fire and are resolved, in ten groups and at three receivers, while the agent is killed PGVIGIL_CHAOS_KILLS times
(200) by SIGKILL. What happened is read from the agent's own store, whose events are one transaction with the states.
"""

import collections
import json
import os
import random
import re
import sqlite3
import time

import pytest

from support.conditions import Conditions, settings, start, webhook
from support.sink import SILENT, Sink
from support.waiting import until

KILLS = int(os.environ.get("PGVIGIL_CHAOS_KILLS", "200"))
ALERTS = 200
TEAMS = 10  # twenty alerts each: as many as a receiver of single alerts is told one by one, and not as a storm
PAGED_TEAM = "7"
TIMEOUT = 0.4  # seconds that the agent waits for an answer
RULES = """
[[rule]]
alert = "TestAlert"
expr = "test_conditions > 0"
labels = { severity = "critical" }
"""
Told = collections.namedtuple("Told", "key status begins ends")  # of one alert in one message


class Receivers:
    """A sink for all receivers, which fails in every way there is, and what it took."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self.fates = collections.Counter()
        self.sink = Sink(self._behave)

    def _behave(self, *_):
        fates = ["ok", "500", "429", "hangs", "drops", "unheard"]
        fate = self._chance.choices(fates, [78, 7, 5, 5, 4, 1])[0]
        self.fates[fate] += 1
        if fate == "hangs":
            time.sleep(3 * TIMEOUT)
        return {
            "ok": (200, {}, b"ok"),
            "500": (500, {}, b""),
            "429": (429, {"Retry-After": "1"}, b""),
            "unheard": SILENT,
        }.get(fate)

    def messages(self):
        """What was taken: (receiver, what makes a message the same, [Told])."""
        for path, headers, body in list(self.sink.requests):
            message = json.loads(body)
            if path == "/pager":
                status = {"trigger": "firing", "resolve": "resolved"}[message["event_action"]]
                yield "pager", (message["dedup_key"], status), [Told(message["dedup_key"], status, None, None)]
            else:
                alerts = [Told(a["labels"]["id"], a["status"], a["startsAt"], a["endsAt"]) for a in message["alerts"]]
                yield path.strip("/"), headers["webhook-id"], alerts

    def told(self, receiver):
        """By alert: everything that the receiver took about it, in order."""
        told = collections.defaultdict(list)
        for name, _, alerts in self.messages():
            if name == receiver:
                for one in alerts:
                    told[one.key].append(one)
        return told

    def duplicates(self):
        """Messages that came once more although nothing had changed; and how many came in all."""
        seen = collections.Counter((receiver, identity) for receiver, identity, _ in self.messages())
        return sum(seen.values()) - len(seen), sum(seen.values())


def events(agent):
    """By alert: the transitions that the agent stored, in order."""
    happened = collections.defaultdict(list)
    with sqlite3.connect(os.path.join(agent.home, "state", "pgvigil.db"), timeout=10) as store:
        for transition, labels in store.execute("select transition, labels from events order by id"):
            happened[json.loads(labels)["id"]].append(transition)
    return happened


def ids_that_fired(agent):
    return {int(one) for one in re.findall(r'alert_firing.*?id=\\*"(\d+)', agent.log())}


def churn(agent, conditions, chance):
    """Every alert fires, and most of them end, while the agent is killed and started. Those that still hold."""
    waiting, holding, held = list(range(ALERTS)), {}, set()
    for kill in range(KILLS):
        begin = waiting[: -(-len(waiting) // (KILLS - kill))]
        waiting = waiting[len(begin) :]
        fired = ids_that_fired(agent)
        holding = {one: left - 1 for one, left in holding.items() if left > 0 or one not in fired}
        holding.update((one, chance.randint(3, 20)) for one in begin)
        if set(holding) != held:
            held = set(holding)
            conditions.set(*held, teams=TEAMS)
        time.sleep(chance.uniform(0.05, 1.1))
        agent.kill()
        agent.launch()
    return held


@pytest.fixture
def conditions(making):
    server = making.cluster()
    Conditions.prepare(server)
    made = Conditions(server)
    made.server = server
    return made


def test_every_state_arrives_though_the_agent_is_killed_and_receivers_fail(making, conditions):
    seed = int(os.environ.get("PGVIGIL_CHAOS_SEED", "7"))
    receivers = Receivers(seed)
    with receivers.sink as sink:
        patience = f'timeout = "{round(TIMEOUT * 1000)}ms"'
        text = webhook(sink, "all", patience) + webhook(sink, "some", patience)
        text += f'[receiver.pager]\ntype = "pagerduty"\nrouting_key_variable = "KEY"\nurl = "{sink.url}/pager"\n{patience}\n'
        text += f'[[route]]\nmatch = [\'team="{PAGED_TEAM}"\']\nreceivers = ["pager"]\ncontinue = true\n'
        text += '[[route]]\nmatch = [\'team=~"[0-3]"\']\nreceivers = ["some"]\ncontinue = true\n'
        text += '[[route]]\nreceivers = ["all"]\n'
        agent = start(making, conditions.server, settings(text, group_by='["alertname", "team"]'), RULES, env={"KEY": "k" * 32})
        began = time.monotonic()
        holding = churn(agent, conditions, random.Random(seed))
        churned = time.monotonic()
        agent.wait_ready()

        def tell(wanted):
            """Whether every receiver took this as the last about each of its alerts."""
            return all(
                {one for one, states in receivers.told(name).items() if states[-1].status == "firing"} == alerts
                for name, alerts in wanted.items()
            )

        def wanted(ids):
            ids = {str(one) for one in ids}
            return {"all": ids, "some": {one for one in ids if int(one) % TEAMS <= 3}}

        until(lambda: tell(wanted(holding)), "what holds is told to fire, and nothing else is", 120)
        conditions.set()
        until(lambda: tell(wanted([])) and pages_are_closed(receivers), "everything is told to be over", 120)
        happened = events(agent)
        agent.stop()

        check(receivers, happened)
        duplicates, messages = receivers.duplicates()
        print(
            f"\n{KILLS} kills in {churned - began:.0f} s, {len(happened)} alerts, {messages} messages taken, "
            f"{duplicates} duplicates ({100 * duplicates / messages:.1f} %); the sink: {dict(receivers.fates)}"
        )
        assert duplicates <= max(5, 0.05 * messages)  # on a busy machine few messages come at all


def pages_are_closed(receivers):
    return all(states[-1].status == "resolved" for states in receivers.told("pager").values())


def check(receivers, happened):
    """Every state that was stored has arrived, once and in its order."""
    assert len(happened) >= 0.98 * ALERTS  # one may be logged, lost before it is stored, and over before it is seen again
    for one, transitions in happened.items():
        # A restart changes no state: each alert fired once, and ended once.
        assert [each for each in transitions if each in ("firing", "resolved")] == ["firing", "resolved"], (one, transitions)
    for name, teams in (("all", range(TEAMS)), ("some", range(4))):
        told = receivers.told(name)
        assert set(told) == {one for one in happened if int(one) % TEAMS in teams}, name
        for one, states in told.items():
            assert len({each.begins for each in states}) == 1, (name, one, states)
            assert states[-1].status == "resolved" and states[-1].ends > states[-1].begins, (name, one, states)
            order = [each.status for each in states]
            assert order == sorted(order), (name, one, states)  # never firing again once it is over
    assert len(receivers.told("pager")) == sum(int(one) % TEAMS == int(PAGED_TEAM) for one in happened)
