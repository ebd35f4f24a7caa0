"""Clocks that are wrong, for real: libfaketime shifts that of the agent, of who makes the backups, or of the server."""

import contextlib
import glob
import os
import shutil

import pytest

from support.backup_scripts import BackupScripts
from support.config import config, every, toml_string
from support.process import is_alive
from support.stanza import Stanza, assert_not, assert_recoverable, verdicts
from support.waiting import stays, until

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
pytestmark = pytest.mark.skipif(not LIBRARY or not shutil.which("pgbackrest"), reason="there is no libfaketime or pgbackrest")


def shifted(offset):
    """An environment where the wall clock is off. Monotonic clocks and the times of files stay true."""
    return {"LD_PRELOAD": LIBRARY, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


def under(offset):
    """The same for a program of another user, as a command that runs it: libfaketime shares memory within a user."""
    return ["env", *(f"{name}={value}" for name, value in shifted(offset).items())]


class World:
    """A server with a backup by pgBackRest and a set of dumps, both made by clocks that are right."""

    def __init__(self, making):
        self.stanza = making.keep(Stanza(making))
        self.cluster = self.stanza.cluster
        self.stanza.create()
        self.stanza.backup("full")
        self.stanza.archive_one()
        self.scripts = making.keep(BackupScripts(self.cluster))
        self.scripts.run("pgvigil-backup")
        dumps = f'[[backup]]\ntool = "dumps"\nevery = "3s"\ndirectory = {toml_string(self.scripts.backups)}\n'
        self.config = config(
            self.cluster,
            more=self.stanza.section(every="3s") + dumps + '[rules]\nevaluation_interval = "1s"\n' + every("3s", "backups", "pgbackrest"),
        )

    def verdicts(self, clock=None):
        """Of pgBackRest and of the dumps, as an agent with this clock tells them."""
        return verdicts(self.config, env=shifted(clock) if clock else None)

    @contextlib.contextmanager
    def agent(self, making, clock=None):
        agent = making.agent(self.config, env=shifted(clock) if clock else None, ready=False)
        agent.write_rules('[override.BackupNotRecoverable]\nfor = "1s"')
        assert agent.reload().status == 200
        yield agent
        agent.stop()


def firing(agent):
    """Alerts of backups: pairs of the backup's name and the alert's."""
    alerts = agent.get("/api/v1/alerts").json()["data"]["alerts"]
    labels = [one["labels"] for one in alerts if one["state"] == "firing"]
    return {(each["backup"], each["alertname"]) for each in labels if each["alertname"].startswith("Backup")}


def expect(agent, recoverable, alerts):
    """So it becomes, and so it stays."""

    def is_so():
        told = agent.scrape(collect=["backups"])
        return set(told["pgvigil_backup_recoverable"].values()) == {recoverable} and firing(agent) == alerts

    until(is_so, f"recoverable is {recoverable} and {alerts} fire", 120, 1)
    stays(is_so, f"recoverable is {recoverable} and {alerts} fire", 3)


@pytest.fixture(name="world")
def world_fixture(making):
    yield World(making)
    # What was killed has left its shared memory.
    for path in glob.glob("/dev/shm/*faketime_*"):
        if not is_alive(int(path.rsplit("_", 1)[1])):
            with contextlib.suppress(OSError):
                os.remove(path)


def test_a_clock_of_the_agent_that_is_behind_takes_nothing_for_an_age_and_one_that_is_right_is_content(making, world):
    for verdict in world.verdicts("-2h"):
        assert_not(verdict, "clock", "unknown")
        assert "it is " in verdict["because"]["text"] and verdict["until"]
    with world.agent(making, "-2h") as agent:
        expect(agent, 0, {("pgbackrest", "BackupNotRecoverable"), ("dumps", "BackupNotRecoverable")})
    with world.agent(making) as agent:
        expect(agent, 1, set())
    # Two hours ahead all is two hours older, and good; two minutes behind is no skew.
    for clock in ("+2h", "-2m"):
        for verdict in world.verdicts(clock):
            assert_recoverable(verdict)
    # A day and a half later without a backup both are too old, and only WAL makes up for it.
    by_stanza, by_dumps = world.verdicts("+40h")
    assert_recoverable(by_stanza, ["too_old"])
    assert_not(by_dumps, "too_old")


def test_a_clock_that_is_ahead_where_the_backups_are_made_is_told_of_each_that_it_made(making, world):
    with world.agent(making) as agent:
        expect(agent, 1, set())
        world.scripts.run("pgvigil-backup", within=under("+2h"))
        expect_reasons(world, [None, "clock"])
        until(lambda: firing(agent) == {("dumps", "BackupNotRecoverable")}, "the set of the future is told", 60, 1)
        # The whole host of the server is ahead: pgBackRest takes its times from the server.
        world.cluster.stop()
        world.cluster.start(within=under("+2h"))
        world.stanza.backup("full")
        expect_reasons(world, ["clock", "clock"])
        both = {("pgbackrest", "BackupNotRecoverable"), ("dumps", "BackupNotRecoverable")}
        until(lambda: firing(agent) == both, "the backup of the future is told", 60, 1)


def expect_reasons(world, reasons):
    assert [(each["because"] or {}).get("reason") for each in world.verdicts()] == reasons
