"""Faults of the real Barman, one after the other: its verdict, its alerts, and that nothing fires between them."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest

from support import places
from support.barman import Barman
from support.config import config, every, toml_string
from support.waiting import stays, until

pytestmark = pytest.mark.skipif(not shutil.which("barman"), reason="there is no barman")

NOT_RECOVERABLE = ("barman", "BackupNotRecoverable")


class World:
    """A Barman with a backup and WAL after it, and an agent that looks at it every three seconds."""

    def __init__(self, making):
        self.barman = making.keep(Barman(making))
        barman = self.barman
        barman.run("check", barman.name, check=False)
        barman.archive()
        barman.run("backup", "--wait", barman.name)
        self.segments = [barman.archive() for _ in range(3)]
        keys = {"tool": "barman", "stanza": barman.name, "program": barman.program, "config_file": barman.config_file}
        keys |= {"archive": barman.wals, "every": "3s"}
        section = "\n".join(["[[backup]]", *(f"{key} = {toml_string(value)}" for key, value in keys.items()), ""])
        rules = '[rules]\nevaluation_interval = "1s"\n'
        self.agent = making.agent(config(barman.cluster, more=section + rules + every("3s", "backups")), ready=False)
        names = ("BackupNotRecoverable", "BackupMetricsAbsent", "BackupIncrementalTooOld", "BackupOverdue")
        self.agent.write_rules("\n".join(f'[override.{name}]\nfor = "1s"' for name in names))
        assert self.agent.reload().status == 200

    def told(self):
        """The verdict, the reason, and the alerts of backups that fire."""
        (labels,) = self.agent.scrape(collect=["backups"])["pgvigil_backup_verdict"].label_sets()
        alerts = self.agent.get("/api/v1/alerts").json()["data"]["alerts"]
        firing = [one["labels"] for one in alerts if one["state"] == "firing" and one["labels"]["alertname"].startswith("Backup")]
        return labels["verdict"], labels["reason"], {(each["backup"], each["alertname"]) for each in firing}

    def expect(self, verdict, reason, *alerts):
        wanted = (verdict, reason, set(alerts))
        with contextlib.suppress(AssertionError):
            until(lambda: self.told() == wanted, "it is told", 60, 1)
        assert self.told() == wanted
        stays(lambda: self.told() == wanted, "it is told", 3)

    def expect_health(self):
        self.expect("recoverable", "none")

    @contextlib.contextmanager
    def away(self, path):
        elsewhere = os.path.join(self.barman.home, "away")
        os.rename(path, elsewhere)
        yield
        os.rename(elsewhere, path)


def test_each_fault_of_barman_raises_its_alert_and_no_healthy_state_does(making):
    world = World(making)
    barman = world.barman
    middle = world.segments[1]
    world.expect_health()

    with world.away(os.path.join(barman.wals, middle[:16], middle)):
        world.expect("not_recoverable", "wal_gap", NOT_RECOVERABLE)
    world.expect_health()

    with world.away(os.path.join(barman.wals, middle[:16])):
        world.expect("not_recoverable", "archive_empty", NOT_RECOVERABLE)
    world.expect_health()

    with world.away(barman.config_file):
        world.expect("unknown", "tool_failed", NOT_RECOVERABLE, ("barman", "BackupMetricsAbsent"))
    world.expect_health()

    # Idle for longer than any age that a policy allows its WAL.
    then = time.time() - 30 * 86400
    for folder, _, names in os.walk(barman.wals):
        for name in names:
            os.utime(os.path.join(folder, name), (then, then))
    world.expect_health()

    # A disk that is full, and a run that is killed: the backup before stands.
    words = ["prlimit", "--fsize=300000", barman.program, "-c", barman.config_file, "backup", barman.name]
    assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode != 0
    world.expect_health()
    words = [*places.as_server_user("KILL"), "barman", "-c", barman.config_file, "backup", barman.name]
    base = os.path.join(barman.home, barman.name, "base")
    before = set(os.listdir(base))
    environment = {**os.environ, "HOME": barman.home}
    with subprocess.Popen(words, cwd="/", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as run:
        until(lambda: set(os.listdir(base)) - before or run.poll() is not None, "it has begun")
        os.killpg(run.pid, signal.SIGKILL)
    world.expect_health()
