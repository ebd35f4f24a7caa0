"""A real cluster of Patroni: what it tells of itself, and what is wrong with it."""

import re

import pytest

from support import dashboards, pictures
from support.agent import command
from support.cluster import PASSWORD
from support.config import every, server_entry
from support.patroni import Etcd, Member
from support.waiting import until

RULES = """
[override.PatroniPaused]
for = "1s"
[override.PatroniDcsUnreachable]
for = "1s"
parameters = { age = "4s" }
[override.PatroniNoLeader]
for = "1s"
"""
SETTINGS = every("1s", "patroni", "patroni_members") + '\n[rules]\nevaluation_interval = "1s"\n'


class World:
    """A primary `a`, and a replica `b` that may not take its place; an agent that watches both."""

    def __init__(self, shared):
        self.etcd = shared.keep(Etcd())
        self.a = shared.keep(Member(self.etcd, "a"))
        self.a.wait("master")
        self.b = shared.keep(Member(self.etcd, "b", nofailover=True))
        self.b.wait("replica")
        self.a.run(f"create role pgvigil login password '{PASSWORD}'; grant pg_monitor to pgvigil")
        entries = [server_entry(each.name, each.dsn(), f'patroni = "{each.url}"') for each in (self.a, self.b)]
        self.agent = shared.agent("\n".join(entries) + SETTINGS, ready=False)
        self.agent.write_rules(RULES)
        assert self.agent.reload().status == 200

    def alert(self, name, target):
        of = f'target="{target}"'
        return next((one for one in self.agent.status()["alerts"] if one["name"] == name and of in one["labels"]), None)

    def wait_firing(self, name, target):
        return until(lambda: (found := self.alert(name, target)) and found["state"] == "firing" and found, f"{name} of {target} fires")

    def wait_over(self, name, target):
        until(lambda: self.alert(name, target) is None, f"{name} of {target} is over")


@pytest.fixture(scope="module")
def world(shared):
    return World(shared)


def test_all_that_patroni_exports_is_there_as_it_exports_it(world):
    for member in (world.a, world.b):
        world.agent.wait_value(1, "patroni_postgres_running", target=member.name)
        theirs = re.findall(r"^(patroni_\w+) ?\{scope=\"main\"\} (\S+)$", member.get("/metrics"), re.MULTILINE)
        types = dict(re.findall(r"^# TYPE (patroni_\w+) (\w+)$", member.get("/metrics"), re.MULTILINE))
        assert len(theirs) >= 20
        for name, value in theirs:
            ours = world.agent.scrape()
            assert ours[name].type == types[name], name
            if not re.search("xlog|dcs_last_seen", name):
                assert ours.value(name, target=member.name, scope="main") == float(value), name


def test_members_are_told_by_role_and_lag(world):
    world.agent.wait_value(1, "pgvigil_patroni_member_leader", target="b", member="a")
    shown = world.agent.scrape()
    assert shown.value("pgvigil_patroni_member_info", target="a", member="b", role="replica", state="running") == 1
    assert shown.value("pgvigil_patroni_member_leader", target="a", member="b") == 0
    assert shown.value("pgvigil_patroni_member_running", target="a", member="b") == 1
    assert shown.value("pgvigil_patroni_member_timeline", target="a", member="b") == 1
    assert shown.value("pgvigil_patroni_member_lag_bytes", target="a", member="b") >= 0
    assert not shown.has("pgvigil_patroni_member_lag_bytes", target="a", member="a")


def test_the_panels_of_patroni_show_it(world):
    world.agent.wait_value(1, "pgvigil_patroni_member_leader", target="b", member="a")
    for query in dashboards.queries_of("pgvigil-replication", *dashboards.PATRONI):
        assert until(lambda: dashboards.ask(world.agent, query), query)  # pylint: disable=cell-var-from-loop
    [leaders, *_] = dashboards.queries_of("pgvigil-replication", "Leaders")
    until(lambda: [one["value"][1] for one in dashboards.ask(world.agent, leaders)] == ["1"], "there is one leader")
    members = dashboards.queries_of("pgvigil-replication", "Members")[0]

    def told():
        joined = dashboards.ask(world.agent, members)
        shown = {(one["metric"]["target"], one["metric"]["member"]): one["metric"]["role"] for one in joined}
        return shown[("a", "b")] == shown[("b", "b")] == "replica" and shown[("a", "a")] == "leader"

    until(told, "the members are told with their roles")
    pictures.draw(world.agent, "patroni", dashboards.load()["pgvigil-replication"])


def test_check_asks_patroni_too(world):
    done = command("check", "--config", world.agent.config_file, "--server", "a Patroni")
    assert done.returncode == 0 and world.a.url in done.stdout and "2 good, 0 failed" in done.stdout, done.stdout


def test_a_pause_is_told_and_its_end(world):
    world.a.patch(pause=True)
    world.wait_firing("PatroniPaused", "b")
    world.wait_firing("PatroniPaused", "a")
    world.a.patch(pause=None)
    world.wait_over("PatroniPaused", "a")
    world.wait_over("PatroniPaused", "b")


def test_a_dcs_that_does_not_answer_is_told(world):
    world.etcd.freeze()
    try:
        world.wait_firing("PatroniDcsUnreachable", "a")
        # Patroni itself answers; what it would have to ask is not known.
        assert world.agent.value("pgvigil_collector_success", target="a", collector="patroni") == 1
    finally:
        world.etcd.thaw()
    world.wait_over("PatroniDcsUnreachable", "a")


def test_a_cluster_without_a_leader_is_told_by_who_is_left(world):
    until(lambda: world.agent.value("patroni_cluster_unlocked", target="b") == 0, "there is a leader")
    world.a.kill()
    alert = world.wait_firing("PatroniNoLeader", "b")
    assert "main" in alert["summary"]
    assert world.agent.value("patroni_primary", target="b") == 0
    world.agent.wait_value(0, "pgvigil_collector_success", target="a", collector="patroni")
    collectors = [each for one in world.agent.status()["servers"] if one["name"] == "a" for each in one["collectors"]]
    told = next(one for one in collectors if one["name"] == "patroni")
    assert "couldn't connect" in told["message"] and "restapi" in told["mend"]
