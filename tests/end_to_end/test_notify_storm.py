"""Ten thousand alerts at once: receivers are not flooded, everything is told, and memory stays within bounds."""

import collections
import json
import time

import pytest

from support.conditions import Conditions, settings, start, webhook
from support.sink import Sink
from support.waiting import until

ALERTS = 10_000
TEAMS = 250
NAMES = ("Locks", "Lag", "Bloat")
MOST_MESSAGES = 4  # of each receiver about the beginning, and about the end: a thousandth of what there is to tell
MOST_BYTES = 150_000_000  # that the storm may cost in memory
RULES = "".join(
    f"""
[[rule]]
alert = "{name}"
expr = 'test_conditions{{team=~"{pattern}"}} > 0'
labels = {{ severity = "{severity}" }}

[rule.annotations]
summary = "{name} of {{{{ $labels.id }}}} in team {{{{ $labels.team }}}}"
"""
    for name, pattern, severity in zip(NAMES, ("1.*", "2.*", "[03-9].*"), ("critical", "warning", "info"))
)


@pytest.fixture
def server(making):
    cluster = making.cluster()
    Conditions.prepare(cluster)
    return cluster


def text_of(body):
    return json.dumps(json.loads(body), ensure_ascii=False)


def test_ten_thousand_alerts_at_once_flood_nobody(making, server):
    with Sink() as sink:
        text = webhook(sink, "hook", most=10)
        text += f'[receiver.slack]\ntype = "slack"\nurl = "{sink.url}/slack"\n'
        text += f'[receiver.pager]\ntype = "pagerduty"\nrouting_key_variable = "KEY"\nurl = "{sink.url}/pager"\n'
        configured = settings(text, group_by='["alertname", "team"]').replace('group_wait = "0s"', 'group_wait = "2s"')
        configured = configured.replace("packs = false", f"packs = false\nmax_alerts = {ALERTS}")
        assert "max_alerts" in configured
        agent = start(making, server, configured, RULES, env={"KEY": "k" * 32})
        before = agent.private_bytes()

        def told(since=0):
            return collections.Counter(path.strip("/") for path, _, _ in sink.requests[since:])

        def texts(since=0):
            bodies = collections.defaultdict(str)
            for path, _, body in sink.requests[since:]:
                bodies[path.strip("/")] += text_of(body)
            return bodies

        def incidents(action):
            pages = [json.loads(body) for path, _, body in sink.requests if path == "/pager"]
            return {page["dedup_key"] for page in pages if page["event_action"] == action}

        def all_hear_of_it():
            return all(f"{name}: " in texts()[receiver] for name in NAMES for receiver in ("hook", "slack", "pager"))

        def all_hear_of_the_end():
            heard = all(f"{name}: " in texts(ended)[receiver] for name in NAMES for receiver in ("hook", "slack"))
            return heard and "are over" in texts(ended)["slack"] and incidents("resolve") == incidents("trigger")

        began = time.monotonic()
        Conditions(server).set(*range(ALERTS), teams=TEAMS)
        until(all_hear_of_it, "all three are told of the storm", 300)
        first = time.monotonic() - began
        time.sleep(5)  # nothing follows
        messages = told()
        grown = agent.private_bytes() - before
        print(f"\n{ALERTS} alerts in {3 * TEAMS} groups told in {first:.1f} s: {dict(messages)}; {grown / 1e6:.1f} MB more")
        assert max(messages.values()) <= MOST_MESSAGES, messages
        assert grown < MOST_BYTES

        ended = len(sink.requests)
        began = time.monotonic()
        Conditions(server).set()
        until(all_hear_of_the_end, "all three are told of the end", 300)
        messages = told(ended)
        print(f"the end in {time.monotonic() - began:.1f} s: {dict(messages)}; {(agent.private_bytes() - before) / 1e6:.1f} MB more")
        assert max(messages.values()) <= MOST_MESSAGES, messages
        assert len(incidents("trigger")) == len(NAMES)  # an incident for each rule
