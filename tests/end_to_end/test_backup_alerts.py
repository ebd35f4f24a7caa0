"""Which alert fires for which fault of backups: one agent beside many copies of one good repository and one good dump.

All copies are good at first, and nothing fires. Then each has a fault of its own: its verdict and its alerts are what the
table says, and the copies without a fault stay quiet. Then all is mended, and nothing fires. Every `for` is a second here.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest

from support import places
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config, every, toml_string
from support.stanza import Stanza, write
from support.waiting import stays, until

pytestmark = pytest.mark.skipif(not shutil.which("pgbackrest"), reason="there is no pgbackrest")

DAY = 86400
NOT_RECOVERABLE = "BackupNotRecoverable"
UNSEEN = "BackupMetricsAbsent"
UNHEALTHY = "BackupStanzaUnhealthy"
FLAGGED = "BackupHasErrors"
TOO_OLD = "BackupIncrementalTooOld"
FULL_TOO_OLD = "BackupFullTooOld"
OVERDUE = "BackupOverdue"
RULES = [NOT_RECOVERABLE, UNSEEN, UNHEALTHY, FLAGGED, TOO_OLD, FULL_TOO_OLD, OVERDUE]
PACKERS = {"zst": "zstd", "xz": "xz", "bz2": "bzip2", "lz4": "lz4"}
CIPHER = "repo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass={}\n"


class Copy:
    """A copy of the good repository, as a stanza of its own: `info` and `repo-ls` ask no more of it."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.home = os.path.join(world.home, name)
        self.repository = os.path.join(self.home, "repo")
        self.config_file = os.path.join(self.home, "pgbackrest.conf")
        self.program = os.path.join(self.home, "pgbackrest")
        self.shift = os.path.join(self.home, "shift")
        self.take()
        self.configure("right")
        # Once there is a file `shift`, times of backups are told as much later.
        later = f"""perl -pe 's/("st(?:art|op)":)(\\d{{10}})/$1.($2+'$(cat {self.shift})')/ge'"""
        run = f'exec {world.stanza.program} "$@"'
        write(self.program, f'#!/bin/sh\n[ -e {self.shift} ] && [ "$1" = info ] || {run}\n{run[5:]} | {later}\n', 0o755)

    def take(self):
        """Copies what is in the good repository now."""
        shutil.rmtree(self.repository, ignore_errors=True)
        for kind in ("archive", "backup"):
            shutil.copytree(f"{self.world.stanza.repository}/{kind}/main", self.path(kind), symlinks=True)
        subprocess.run(["chown", "-R", places.server_user(), self.home], check=True)

    def configure(self, key, more=()):
        lines = ["[global]", f"repo1-path={self.repository}", CIPHER.format(key), f"[{self.name}]", *more, ""]
        write(self.config_file, "\n".join(lines))

    def path(self, kind):
        return os.path.join(self.repository, kind, self.name)

    def segments(self):
        """Paths of all WAL in the archive, the oldest first."""
        folders = [folder for folder, _, _ in os.walk(self.path("archive")) if len(os.path.basename(folder)) == 16]
        names = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)]
        return sorted(path for path in names if os.path.basename(path)[24] == "-")

    def section(self):
        keys = {"stanza": self.name, "program": self.program, "config_file": self.config_file, "every": "4s"}
        return section("pgbackrest", self.name, keys)


class Set:
    """A copy of the good dump, in one format."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.home = os.path.join(world.home, name)
        shutil.copytree(world.dumps, self.home)
        self.age(600)

    def keep_only(self, *names):
        for name in os.listdir(self.home):
            if name not in names:
                path = os.path.join(self.home, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def path(self, name):
        return os.path.join(self.home, name)

    def cut(self, name, part):
        os.truncate(self.path(name), int(os.path.getsize(self.path(name)) * part))
        self.age(600)

    def age(self, seconds):
        then = time.time() - seconds
        for folder, _, names in os.walk(self.home):
            for name in names:
                os.utime(os.path.join(folder, name), (then, then))

    def section(self):
        keys = {"directory": self.home, "every": "4s"}
        due = time.strftime("%M %H * * *", time.gmtime(time.time() - 1800))
        policy = f'policy = {{ schedule = "{due}", grace = "10m" }}' if self.name == "overdue" else ""
        return section("dumps", self.name, keys) + f'databases = ["postgres"]\n{policy}\n'


def section(tool, name, keys):
    lines = [f"{key} = {toml_string(value)}" for key, value in {"tool": tool, "name": name, **keys}.items()]
    return "\n".join(["[[backup]]", *lines, ""])


# The faults: each takes the copy, and gives back how it is mended.


def away(path):
    os.rename(path, path + ".away")
    return lambda: os.rename(path + ".away", path)


def mode(path, bits):
    before = os.stat(path).st_mode
    os.chmod(path, bits)
    return lambda: os.chmod(path, before)


def missing_segment(copy):
    return away(copy.segments()[-2])


def no_archive(copy):
    return away(os.path.dirname(copy.segments()[0]))


def never_created(copy):
    mend = [away(copy.path("archive")), away(copy.path("backup"))]
    return lambda: [each() for each in mend]


def shifted(seconds):
    def fault(copy):
        write(copy.shift, str(seconds))
        return lambda: os.remove(copy.shift)

    return fault


def wrong_key(copy):
    copy.configure("wrong")
    return lambda: copy.configure("right")


def damaged_pages(copy):
    copy.world.back_up_damaged_pages()
    before = copy.repository + ".before"
    os.rename(copy.repository, before)
    copy.take()

    def mend():
        shutil.rmtree(copy.repository)
        os.rename(before, copy.repository)

    return mend


def full_disk(copy):
    """The repository is a small file system, where the first backup finds no room."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", copy.repository], check=True)
    cluster = copy.world.stanza.cluster
    places_of_server = [f"pg1-path={cluster.data}", f"pg1-socket-path={cluster.home}", f"pg1-port={cluster.port}"]
    copy.configure("right", [*places_of_server, f"lock-path={copy.world.stanza.home}/lock", "compress-type=none", "start-fast=y"])
    run = [copy.program, f"--config={copy.config_file}", f"--stanza={copy.name}"]
    subprocess.run([*run, "stanza-create"], check=True, capture_output=True, timeout=60)
    ended = subprocess.run([*run, "backup", "--no-archive-check", "--job-retry=0"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0 and "unable to write" in ended.stderr, ended.stdout + ended.stderr

    def mend():
        subprocess.run(["umount", "-l", copy.repository], check=True)
        copy.configure("right")

    return mend


def may_mount():
    sys_admin = 21
    with open("/proc/self/status", encoding="utf-8") as file:
        effective = next(line.split()[1] for line in file if line.startswith("CapEff"))
    return bool(int(effective, 16) >> sys_admin & 1)


def idle(copy):
    then = time.time() - 30 * DAY
    for path in copy.segments():
        os.utime(path, (then, then))
    return lambda: None


def killed_run(copy):
    """On the good stanza itself, before its pages are damaged: a full backup dies in the middle, and leaves what it wrote."""
    copy.world.kill_a_backup()
    copy.take()
    return lambda: None


def restored(copy_of_set):
    """How a set of dumps is mended: it is the good one again."""

    def mend():
        shutil.rmtree(copy_of_set.home, ignore_errors=True)
        shutil.copytree(copy_of_set.world.dumps, copy_of_set.home)
        copy_of_set.age(600)

    return mend


def cut(name, part, keep=None):
    def fault(dumps):
        dumps.keep_only(*(keep or [name, "globals.sql"]))
        dumps.cut(name, part)
        return restored(dumps)

    return fault


def part_of_directory(dumps):
    dumps.keep_only("postgres", "globals.sql")
    data = next(name for name in sorted(os.listdir(dumps.path("postgres"))) if name.endswith(".dat.gz"))
    dumps.cut(f"postgres/{data}", 0.5)
    return restored(dumps)


def empty_gz(dumps):
    dumps.keep_only("globals.sql")
    dump = os.path.join(bin_folder(DEBIAN_MAJOR), "pg_dump")
    subprocess.run(["sh", "-c", f"{dump} --host /nowhere x 2>/dev/null | gzip > postgres.sql.gz"], cwd=dumps.home, check=True)
    dumps.age(600)
    return restored(dumps)


def half_in_gz(dumps):
    dumps.keep_only("globals.sql", "postgres.sql")
    subprocess.run(["sh", "-c", "head -c 9000 postgres.sql | gzip > postgres.sql.gz; rm postgres.sql"], cwd=dumps.home, check=True)
    dumps.age(600)
    return restored(dumps)


def no_roles(dumps):
    dumps.keep_only("postgres.dump")
    return restored(dumps)


def sealed(dumps):
    dumps.keep_only("globals.sql")
    write(dumps.path("postgres.dump.age"), "age-encryption.org/v1\n-> X25519 abc\nmore")
    dumps.age(600)
    return restored(dumps)


def aged(seconds):
    def fault(dumps):
        dumps.keep_only("postgres.sql", "globals.sql")  # nothing in it tells when it was made
        dumps.age(seconds)
        return restored(dumps)

    return fault


# Where no small file system may be mounted, nothing is shown of a full disk.
# name -> kind, fault, the reason that decides (None: it stays recoverable), the alerts
FAULTS = {
    "healthy": (Copy, None, None, []),
    "killed": (Copy, killed_run, None, []),
    "gap": (Copy, missing_segment, "wal_gap", [NOT_RECOVERABLE]),
    "emptied": (Copy, no_archive, "archive_empty", [NOT_RECOVERABLE]),
    "cipher": (Copy, wrong_key, "cipher_key", [NOT_RECOVERABLE, UNSEEN, UNHEALTHY]),
    "flagged": (Copy, damaged_pages, None, [FLAGGED]),
    "unreadable": (Copy, lambda copy: mode(f"{copy.repository}/backup", 0), "unreadable", [NOT_RECOVERABLE, UNSEEN, UNHEALTHY]),
    "nowhere": (Copy, never_created, "no_stanza", [NOT_RECOVERABLE, UNHEALTHY]),
    "ahead": (Copy, shifted(7200), "clock", [NOT_RECOVERABLE]),
    "old": (Copy, shifted(-9 * DAY), None, [TOO_OLD, FULL_TOO_OLD]),
    "idle": (Copy, idle, None, []),
    **({"full-disk": (Copy, full_disk, "no_backups", [NOT_RECOVERABLE, UNHEALTHY])} if may_mount() else {}),
    "broken-tool": (Copy, lambda copy: mode(copy.program, 0o644), "tool_failed", [NOT_RECOVERABLE, UNSEEN]),
    "custom": (Set, cut("postgres.dump", 0.9), "no_whole_backup", [NOT_RECOVERABLE]),
    "plain": (Set, cut("postgres.sql", 0.9), "no_whole_backup", [NOT_RECOVERABLE]),
    "tar": (Set, cut("postgres.tar", 0.5), "no_whole_backup", [NOT_RECOVERABLE]),
    "directory": (Set, part_of_directory, "no_whole_backup", [NOT_RECOVERABLE]),
    "empty-gz": (Set, empty_gz, "no_whole_backup", [NOT_RECOVERABLE]),
    "half-in-gz": (Set, half_in_gz, "no_whole_backup", [NOT_RECOVERABLE]),
    **{f"cut-{ending}": (Set, cut(f"postgres.sql.{ending}", 0.9), "no_whole_backup", [NOT_RECOVERABLE]) for ending in PACKERS},
    "no-roles": (Set, no_roles, "set_incomplete", [NOT_RECOVERABLE]),
    "sealed": (Set, sealed, "unproven", [NOT_RECOVERABLE]),
    "future": (Set, aged(-7200), "clock", [NOT_RECOVERABLE]),
    "late": (Set, aged(3 * DAY), "too_old", [NOT_RECOVERABLE, TOO_OLD]),
    "overdue": (Set, aged(3600), None, [OVERDUE]),
    "gone": (Set, lambda dumps: away(dumps.home), "unreadable", [NOT_RECOVERABLE, UNSEEN]),
}


class World:
    """The good repository and the good dump, their copies, and an agent that looks at the copies."""

    def __init__(self, shared):
        self.stanza = shared.keep(Stanza(shared, initdb=["--data-checksums"]))
        write(self.stanza.config_file, self.stanza.settings(CIPHER.format("right")))
        cluster = self.stanza.cluster
        cluster.run("create table goods as select n, repeat('x', 500) as text from generate_series(1, 200) n; checkpoint")
        self.goods = os.path.join(cluster.data, cluster.value("select pg_relation_filepath('goods')"))
        self.stanza.create()
        self.stanza.backup("full")
        self.stanza.archive_one()
        self.stanza.backup("incr")
        for _ in range(3):
            self.stanza.archive_one()
        self.home = places.new_folder("faults")
        self.dumps = os.path.join(self.home, "good-dumps")
        os.mkdir(self.dumps)
        self.dump()
        self.copies = {name: kind(self, name) for name, (kind, _, _, _) in FAULTS.items()}
        self.agent = None

    def remove(self):
        subprocess.run(["umount", "-lq", os.path.join(self.home, "full-disk", "repo")], check=False)
        places.remove_folder(self.home)

    def dump(self):
        """The database in every format, and the roles."""
        cluster = self.stanza.cluster
        connection = ["--host", cluster.home, "--port", str(cluster.port), "--username", "postgres"]
        words = [os.path.join(bin_folder(DEBIAN_MAJOR), "pg_dump"), *connection, "postgres"]
        for name, kind in {"dump": "custom", "tar": "tar", "sql": "plain"}.items():
            subprocess.run([*words, f"--format={kind}", f"--file={self.dumps}/postgres.{name}"], check=True)
        subprocess.run([*words, "--format=directory", f"--file={self.dumps}/postgres"], check=True)
        for ending, packer in PACKERS.items():
            subprocess.run(["sh", "-c", f"{packer} -c < postgres.sql > postgres.sql.{ending}"], cwd=self.dumps, check=True)
        words = [os.path.join(bin_folder(DEBIAN_MAJOR), "pg_dumpall"), *connection, "--globals-only"]
        subprocess.run([*words, f"--file={self.dumps}/globals.sql"], check=True)

    def back_up_damaged_pages(self):
        cluster = self.stanza.cluster
        cluster.stop()
        with open(self.goods, "r+b") as file:
            file.seek(8192 + 4000)
            file.write(b"damage")
        cluster.start()
        self.stanza.backup("full")

    def kill_a_backup(self):
        locks = os.path.join(self.stanza.home, "lock")
        words = [self.stanza.program, f"--config={self.stanza.config_file}", "--stanza=main", "backup", "--type=full"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True) as run:
            until(lambda: any(name.endswith("backup.lock") for name in os.listdir(locks)) or run.poll() is not None, "it runs")
            os.killpg(run.pid, signal.SIGKILL)

    def watch(self, making):
        sections = "".join(copy.section() for copy in self.copies.values())
        more = sections + '[rules]\nevaluation_interval = "1s"\n' + every("3s", "backups", "pgbackrest")
        self.agent = making.agent(config(self.stanza.cluster, more=more), ready=False)
        self.agent.write_rules("\n".join(f'[override.{name}]\nfor = "1s"' for name in RULES))
        assert self.agent.reload().status == 200

    def reasons(self):
        """By name, why it is not recoverable."""
        told = self.agent.scrape(collect=["backups"])["pgvigil_backup_verdict"].label_sets()
        return {labels["backup"]: labels["reason"] for labels in told}

    def alerts(self):
        """Those of backups that fire: pairs of the copy's name and the alert's."""
        alerts = self.agent.get("/api/v1/alerts").json()["data"]["alerts"]
        firing = [one["labels"] for one in alerts if one["state"] == "firing" and one["labels"]["alertname"].startswith("Backup")]
        return {(labels.get("backup") or labels["stanza"], labels["alertname"]) for labels in firing}

    def expect(self, reasons, alerts):
        def differences():
            return [f"{name}: {reason}, not {reasons[name]}" for name, reason in self.reasons().items() if reason != reasons[name]] + [
                f"{'false' if each in self.alerts() else 'no'} alarm {each}" for each in sorted(self.alerts() ^ alerts)
            ]

        with contextlib.suppress(AssertionError):
            until(lambda: set(self.reasons()) == set(reasons) and not differences(), "verdicts and alerts are right", 240, 1)
        assert set(self.reasons()) == set(reasons)
        assert not differences()
        stays(lambda: not differences(), "verdicts and alerts are right", 4)


@pytest.fixture(name="world")
def world_fixture(making):
    world = making.keep(World(making))
    world.watch(making)
    return world


def test_each_fault_raises_its_alerts_and_no_healthy_state_does(world):
    quiet = {name: "none" for name in FAULTS}
    world.expect(quiet, set())
    mends = [fault(world.copies[name]) for name, (_, fault, _, _) in FAULTS.items() if fault]
    reasons = {name: reason or "none" for name, (_, _, reason, _) in FAULTS.items()}
    world.expect(reasons, {(name, alert) for name, (_, _, _, alerts) in FAULTS.items() for alert in alerts})
    for mend in mends:
        mend()
    world.expect(quiet, set())
