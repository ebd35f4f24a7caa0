"""Every expression of rules gives here what Debian's Prometheus makes of scraping the same agent.

Both are asked at the same instant, and not only for the whole expression, which is empty on a healthy server, but for each of
its parts. Label sets have to be equal. Values have to be equal, but for what the timing of scrapes explains:

- A range function looks at samples that were taken at other moments: the agent has those of its collections, Prometheus
  those of its scrapes. The counters rest before the first and after the last of them, so what they grew by is the same,
  and what is left is the extrapolation, half an interval at each side: RANGE_TOLERANCE. A regression over the window
  (deriv, predict_linear) sees the growth at other places in it: for these only the labels are compared.
- An age grows between a collection and its scrape: AGE_TOLERANCE seconds.
- What moves all the time by itself (MOVING) is compared by its labels.

Prometheus 2.42 has closed ranges and another order of bounds in its extrapolation than 3.x, whose semantics are ours. The
windows of all expressions are longer than this test runs, so no sample lies on the border of one; and half an interval is
within the tolerance.
"""

import json
import math
import pathlib
import re
import threading
import time
import urllib.parse

import psycopg2
import pytest

from support.agent import Agent, command
from support.config import config, every
from support.load import Load
from support.peers import Prometheus
from support.waiting import until

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PUBLISHED = json.loads((SOURCE / "tests/fixtures/rules/published_expressions.json").read_text())
RANGE_TOLERANCE = 0.15  # of the value: windows of some 30 s, intervals of 1 s
AGE_TOLERANCE = 5  # seconds
AGES = re.compile(r"time\(\)|_age|_seconds|_duration|_since")
REGRESSIONS = re.compile(r"\b(deriv|predict_linear)\(")
MOVING = re.compile(r"pgvigil_connect_duration_seconds|node_")


def shipped():
    """The expressions of the shipped rules, by their names, with their parameters filled in."""
    text = command("rules", "export", "--format", "prometheus").stdout
    found = {}
    lines = iter(text.splitlines())
    for line in lines:
        if match := re.match(r"\s+- (?:alert|record): (.*)", line):
            name = json.loads(match[1])
        elif match := re.match(r"(\s+)expr: \|-", line):
            found[name] = []
            for inner in lines:
                if not inner.startswith(match[1] + "  "):
                    break
                found[name].append(inner)
            found[name] = "\n".join(found[name])
        elif match := re.match(r"\s+expr: (.*)", line):
            found[name] = json.loads(match[1])
    return found


def with_past():
    """The metrics whose past a published expression asks for."""
    names = re.compile(r"([a-z_]+)(?:\{[^}]*\})?\[")
    return sorted({name for expression in PUBLISHED.values() for name in names.findall(expression)})


class World:
    """A server with something of everything, the agent on it, and a Prometheus on the agent."""

    def __init__(self, shared):
        self.cluster = shared.cluster(
            settings={
                "archive_mode": "on",
                "archive_command": "false",
                "max_prepared_transactions": 3,
                "deadlock_timeout": "200ms",
                "work_mem": "64kB",
            }
        )
        self.cluster.run("create table orders (id int primary key, note text)")
        self.cluster.run("insert into orders select i, repeat('note', 20) from generate_series(1, 20000) i")
        self.cluster.run("create sequence nearly_full maxvalue 100; select setval('nearly_full', 90)")
        self.cluster.run("select pg_create_physical_replication_slot('idle', true)")
        self.cluster.run("vacuum analyze orders")
        names = [path.stem for path in (SOURCE / "collectors/definitions").glob("*.toml")]
        settings = f"{every('1s', *names)}\n[history]\nkeep = {json.dumps(with_past())}\n"
        self.agent = shared.keep(Agent(config(self.cluster, more=settings)))
        identity = f'[rules]\ninstance = "127.0.0.1:{self.agent.port}"\njob = "pgvigil"\n'
        self.agent.write(config(self.cluster, more=settings + identity))
        # The first look reads cold pages: by the second life every counter is at rest.
        time.sleep(4)
        self.agent.stop()
        self.agent.start()
        self.prometheus = shared.keep(Prometheus(self.agent.port))
        self._shared = shared

    def work(self):
        """A burst of everything that counters count, between two stretches of rest; some sessions stay as they are."""
        until(
            lambda: self.prometheus.query("min(count_over_time(pg_stat_database_xact_commit[5m]))") >= [4],
            "every counter was scraped at rest",
        )
        self._leave_sessions()
        statements = (
            "update orders set note = note || 'x' where id = 1",
            "begin; update orders set note = '' where id = 2; rollback",
            "select count(*) from (select note from orders order by note) o",
            "checkpoint",
        )
        load = Load([self.cluster.connect() for _ in statements], statements)
        time.sleep(8)
        self._deadlock()
        load.remove()
        time.sleep(3)  # the last statistics are reported, collected and scraped

    def _leave_sessions(self):
        """One idle in its transaction, one that it blocks, one prepared transaction."""
        idle = self._shared.keep(Session(self.cluster))
        idle.run("begin; update orders set note = 'idle' where id = 3")
        blocked = self._shared.keep(Session(self.cluster))
        threading.Thread(target=blocked.run, args=("update orders set note = 'b' where id = 3",), daemon=True).start()
        with self.cluster.session() as session, session.cursor() as cursor:
            cursor.execute("begin; update orders set note = 'p' where id = 4; prepare transaction 'left'")

    def _deadlock(self):
        first, second = Session(self.cluster), Session(self.cluster)
        first.run("begin; update orders set note = 'd' where id = 5")
        second.run("begin; update orders set note = 'd' where id = 6")
        other = threading.Thread(target=first.run, args=("update orders set note = 'd' where id = 6",))
        other.start()
        second.run("update orders set note = 'd' where id = 5")
        other.join(30)
        first.remove()
        second.remove()


class Session:
    """A session whose statements may fail."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._session = cluster.connect()

    def run(self, sql):
        try:
            with self._session.cursor() as cursor:
                cursor.execute(sql)
        except psycopg2.Error:
            pass

    def remove(self):
        """Ends it at the server: closing it here would wait for the statement that it runs."""
        self._cluster.run("select pg_terminate_backend(%s)", (self._session.info.backend_pid,))
        self._session.close()


def answer_of(get, **parameters):
    """What an API gives for an instant query: a value by each label set; the words of an error for all of them."""
    answer = json.loads(get("/api/v1/query?" + urllib.parse.urlencode(parameters)))
    if answer["status"] != "success":
        return answer["errorType"]
    data = answer["data"]
    if data["resultType"] == "scalar":
        return {frozenset(): float(data["result"][1])}
    return {frozenset(one["metric"].items()): float(one["value"][1]) for one in data["result"]}


def same_value(expression, ours, theirs):
    if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
        return True
    if REGRESSIONS.search(expression) or MOVING.search(expression):
        return True
    relative = RANGE_TOLERANCE if "[" in expression else 1e-9
    absolute = AGE_TOLERANCE if AGES.search(expression) else 0
    return abs(ours - theirs) <= max(absolute, relative * abs(theirs))


def difference(world, expression):
    """What the two say differently of an expression at this moment; empty when it is the same."""
    at = f"{time.time():.3f}"
    ours = answer_of(lambda path: world.agent.get(path).text, query=expression, time=at)
    theirs = answer_of(world.prometheus.get, query=expression, time=at)
    if isinstance(ours, str) or isinstance(theirs, str):
        return "" if ours == theirs else f"here {ours}, there {theirs}"
    if ours.keys() != theirs.keys():
        return f"only here {[dict(k) for k in ours.keys() - theirs.keys()][:3]}, only there " + str(
            [dict(k) for k in theirs.keys() - ours.keys()][:3]
        )
    wrong = [key for key in ours if not same_value(expression, ours[key], theirs[key])]
    return "; ".join(f"{dict(key)}: here {ours[key]}, there {theirs[key]}" for key in wrong[:3])


def parts_of(world, expression):
    """The texts of the parts of an expression that are instant vectors or scalars, the whole among them."""
    answer = world.agent.get("/api/v1/rules/explain?" + urllib.parse.urlencode({"query": expression})).json()
    assert answer["status"] == "success", f"{expression}: {answer}"
    return [part["text"] for part in answer["data"]["parts"] if part["type"] in ("vector", "scalar")]


@pytest.fixture(scope="module")
def world(shared):
    world = World(shared)
    world.work()
    return world


def test_all_rules_are_looked_at():
    assert len(PUBLISHED) == 73 and len(shipped()) > 55


def test_every_part_of_every_expression_gives_what_prometheus_gives(world):
    parts = {}
    for name, expression in [*PUBLISHED.items(), *shipped().items()]:
        for part in parts_of(world, expression):
            parts.setdefault(part, name)
    differing = {part: "" for part in parts}
    # A collection may lie between the two, or between the last scrape and now: such a difference does not last.
    for _ in range(8):
        differing = {part: difference(world, part) for part in differing}
        differing = {part: what for part, what in differing.items() if what}
        if not differing:
            break
        time.sleep(1.3)
    told = "\n".join(f"{parts[part]}: {part}\n    {what}" for part, what in differing.items())
    assert not differing, told
    # It was about something: what is empty is of poolers, standbys, Patroni and backups, or a comparison that is false.
    given = sum(bool(answer_of(world.prometheus.get, query=part)) for part in parts)
    ranges = [part for part in parts if "[" in part and "(" in part.split("[")[0]]
    grown = sum(
        any(value > 0 for value in answer_of(world.prometheus.get, query=part).values()) for part in ranges
    )
    print(f"{len(parts)} parts, {given} not empty, {len(ranges)} of ranges, {grown} of these above 0")
    assert given > 120 and grown > 10
