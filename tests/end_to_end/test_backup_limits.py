"""What the policy asks of backups beyond their age, on the real tools: size, window, retention, place, tablespaces, and runs."""

import calendar
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from support import places
from support.barman import Barman
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config, toml_string
from support.stanza import Stanza, assert_not, assert_recoverable, verdicts, write
from support.waiting import until


def reasons(verdict):
    return {each["reason"] for each in verdict["findings"]} - {"same_volume"}


class Folder:
    """That the server may write to, and gone afterwards."""

    def __init__(self):
        self.path = places.new_folder("place")

    def join(self, *names):
        return os.path.join(self.path, *names)

    def remove(self):
        places.remove_folder(self.path)


@pytest.fixture(scope="module", name="elsewhere")
def elsewhere_fixture(shared):
    return shared.keep(Folder())


def add_tablespace(cluster, folder, name):
    location = folder.join(name)
    os.mkdir(location)
    places.give_to_server_user(location)
    cluster.run(f"create tablespace {name} location '{location}'")
    cluster.run(f"create table {name}_goods tablespace {name} as select n from generate_series(1, 1000) n")
    return cluster.value(f"select oid from pg_tablespace where spcname = '{name}'")


@pytest.fixture(scope="module", name="stanza")
def stanza_fixture(shared, elsewhere):
    """With 70 MiB of goods, a tablespace, and one full backup."""
    if not shutil.which("pgbackrest"):
        pytest.skip("there is no pgbackrest")
    stanza = shared.keep(Stanza(shared))
    stanza.create()
    stanza.cluster.run("create table goods as select n, repeat('x', 1000) as text from generate_series(1, 65000) n")
    add_tablespace(stanza.cluster, elsewhere, "fast")
    stanza.backup("full")
    stanza.archive_one()
    return stanza


def test_a_healthy_stanza_is_measured(stanza):
    verdict = stanza.verdict()
    assert_recoverable(verdict)
    assert 0.8 < verdict["size_to_database"] < 1.2
    assert verdict["tablespaces_missing"] == []
    assert verdict["sound_after_expiry"] == 1
    assert verdict["running"] == {"runs": 0, "seconds": None, "progress": None, "expected_end": None}
    assert 0 < verdict["window_seconds"] < 600 and verdict["oldest"]
    assert verdict["place"] in ("same_volume", "same_host")


def test_a_backup_that_is_small_beside_the_database(stanza):
    cluster = stanza.cluster
    assert reasons(stanza.verdict("least_size = 1")) <= {"too_small"}
    cluster.run("create unlogged table more as select n, repeat('x', 1000) as text from generate_series(1, 130000) n")
    assert reasons(stanza.verdict()) == {"too_small"}
    cluster.run("drop table more; checkpoint")
    assert_recoverable(stanza.verdict())


def test_the_window_that_can_be_restored(stanza):
    # A new cluster owes nothing of the time before it was.
    assert_recoverable(stanza.verdict('window = "7d", oldest = "30d"'))
    # As if it had been made a year ago: the upper half of its identifier is that time.
    real = int(stanza.cluster.value("select system_identifier from pg_control_system()"))
    old = real - (365 * 86400 << 32)
    program = os.path.join(stanza.home, "old-cluster")
    write(program, f"#!/bin/sh\n{stanza.program} \"$@\" | sed 's/{real}/{old}/g'\n", 0o755)
    section = stanza.section('window = "7d", oldest = "30d"', program=program)
    (verdict,) = verdicts(section)
    assert reasons(verdict) == {"window_short", "retention_short"}
    # Archiving that stands still ends the window; a server that is idle does not.
    before = stanza.verdict()["window_seconds"]
    until(lambda: stanza.verdict()["window_seconds"] > before + 1, "the window grows while nothing is written", 30)


def test_what_the_next_expiry_leaves(stanza):
    settings = stanza.settings()
    assert "repo1-retention-full=9" in settings
    with written(stanza.config_file, settings.replace("retention-full=9", "retention-full=1")):
        verdict = stanza.verdict()
        assert_recoverable(verdict, ["expiry_leaves_few"])
        assert verdict["sound_after_expiry"] == 0
        assert_recoverable(stanza.verdict("least = 0"))
    assert_recoverable(stanza.verdict("least = 2"), ["expiry_leaves_few"])


@contextlib.contextmanager
def written(path, text):
    with open(path, encoding="utf-8") as file:
        before = file.read()
    write(path, text)
    try:
        yield
    finally:
        write(path, before)


def test_a_tablespace_that_was_created_since(stanza, elsewhere):
    add_tablespace(stanza.cluster, elsewhere, "slow")
    verdict = stanza.verdict()
    assert_recoverable(verdict, ["tablespace_missing"])
    assert verdict["tablespaces_missing"] == ["slow"]
    stanza.backup("incr")
    stanza.archive_one()
    assert_recoverable(stanza.verdict())


def test_the_place_of_the_repository(stanza):
    verdict = stanza.verdict("off_host = true")
    assert {each["reason"] for each in verdict["findings"]} in ({"same_volume"}, {"not_off_host"})
    told = stanza.settings("repo1-type=s3\nrepo1-s3-bucket=b\nrepo1-s3-endpoint=e\nrepo1-s3-region=r")
    text = os.path.join(stanza.home, "s3.conf")
    write(text, told)
    program = os.path.join(stanza.home, "with-s3")
    write(program, f'#!/bin/sh\nfor word; do case $word in --config=*) word=--config={stanza.config_file};; esac; set -- "$@" "$word"; shift; done\nexec {stanza.program} "$@"\n', 0o755)
    verdict = stanza.verdict("off_host = true, immutable = true", program=program, config_file=text)
    assert verdict["place"] == "object_store"
    assert reasons(verdict) == {"not_immutable"}


def test_files_that_nobody_can_change(stanza):
    folder = os.path.join(stanza.repository, "backup", "main", stanza.verdict()["basis"])
    declared = "\nimmutable = true\n"

    def verdict():
        section = stanza.section("immutable = true").replace("\npolicy", declared + "policy")
        return verdicts(config(stanza.cluster, more=section))[0]

    if verdict()["immutable"]:  # declared only
        pytest.skip("this file system knows no such attribute")
    assert reasons(verdict()) == {"not_immutable"}
    if subprocess.run(["chattr", "-R", "+i", folder], check=False, capture_output=True).returncode != 0:
        pytest.skip("no right to make files immutable here")
    try:
        assert_recoverable(verdict())
        assert verdict()["immutable"] is True
    finally:
        subprocess.run(["chattr", "-R", "-i", folder], check=True)


def test_a_run_of_pgbackrest_is_seen_on_the_server(stanza):
    """Its lock is not looked for: the tool that pgvigil asks knows another folder of locks, as on another host."""
    text = os.path.join(stanza.home, "other-host.conf")
    write(text, stanza.settings().replace(f"lock-path={stanza.home}/lock", f"lock-path={stanza.home}/none"))
    words = [stanza.program, f"--config={stanza.config_file}", "--stanza=main", "backup", "--type=full", "--process-max=1"]
    session = "select count(*) from pg_stat_activity where application_name like 'pgBackRest [backup%'"
    with subprocess.Popen([*words, "--compress-type=bz2"], stdout=subprocess.DEVNULL, start_new_session=True) as run:
        try:
            until(lambda: stanza.cluster.value(session) == 1 or run.poll() is not None, "it has a session")
            os.killpg(run.pid, signal.SIGSTOP)
            running = stanza.verdict(config_file=text)["running"]
            assert running["runs"] == 1 and running["seconds"] >= 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGCONT)
            run.wait(timeout=120)
    assert stanza.verdict(config_file=text)["running"]["runs"] == 0


def base_backup(cluster, where, *options):
    """The words that take one."""
    program = os.path.join(bin_folder(DEBIAN_MAJOR), "pg_basebackup")
    connection = ["--host", cluster.home, "--port", str(cluster.port), "--username", "postgres"]
    return [program, *connection, "--pgdata", where, "--wal-method=stream", "--checkpoint=fast", "--no-sync", *options]


def base_verdict(cluster, folder, policy=""):
    section = f'[[backup]]\ntool = "base-backups"\ndirectory = {toml_string(folder.path)}\npolicy = {{ {policy} }}\n'
    return verdicts(config(cluster, more=section))[0]


def test_a_running_base_backup_tells_when_it_will_have_ended(making):
    cluster = making.cluster()
    cluster.run("create table goods as select n, repeat('x', 1000) as text from generate_series(1, 30000) n; checkpoint")
    folder = making.keep(Folder())
    subprocess.run(base_backup(cluster, folder.join("sunday"), "--format=tar"), check=True, timeout=60)
    assert_recoverable(base_verdict(cluster, folder))
    with contextlib.ExitStack() as runs:

        def begin(name):
            run = runs.enter_context(subprocess.Popen(base_backup(cluster, folder.join(name), "--max-rate=256k", "--format=tar")))
            runs.callback(run.kill)

        def seconds_left():
            end = base_verdict(cluster, folder)["running"]["expected_end"]
            return calendar.timegm(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) - time.time()

        begin("monday")
        # Some 50 MiB at 256 KiB a second; at first the time that the start took weighs in the mean speed.
        until(lambda: 30 < seconds_left() < 900, "the end is foretold", 60)
        verdict = base_verdict(cluster, folder)
        assert_recoverable(verdict)
        running = verdict["running"]
        assert running["runs"] == 1 and 0 < running["progress"] < 1
        due = 'schedule = "* * * * *", grace = "1m"'
        until(lambda: "runs_long" in reasons(base_verdict(cluster, folder, due)), "the end is foretold after the deadline", 60)
        begin("tuesday")
        until(lambda: "overlapping" in reasons(base_verdict(cluster, folder)), "two at once are told", 30)


def test_a_base_backup_with_a_tablespace(making, elsewhere):
    cluster = making.cluster()
    oid = add_tablespace(cluster, elsewhere, "wide")
    folder = making.keep(Folder())
    tar = folder.join("tar")
    subprocess.run(base_backup(cluster, tar, "--format=tar", "--gzip"), check=True, timeout=60)
    verdict = base_verdict(cluster, folder)
    assert_recoverable(verdict)
    assert verdict["tablespaces_missing"] == []
    part = os.path.join(tar, f"{oid}.tar.gz")
    whole = open(part, "rb").read()
    os.truncate(part, len(whole) // 2)
    assert_not(base_verdict(cluster, folder), "no_whole_backup")
    os.remove(part)
    assert_not(base_verdict(cluster, folder), "no_whole_backup")
    places.remove_folder(tar)

    plain = folder.join("plain")
    location = cluster.value(f"select pg_tablespace_location({oid})")
    mapped = folder.join("wide-of-plain")
    subprocess.run(base_backup(cluster, plain, "--format=plain", f"--tablespace-mapping={location}={mapped}"), check=True, timeout=60)
    assert_recoverable(base_verdict(cluster, folder))
    link = os.path.join(plain, "pg_tblspc", str(oid))
    os.remove(link)
    os.symlink(location, link)  # as a copy of the data directory has it
    assert_not(base_verdict(cluster, folder), "tablespace_missing")
    os.remove(link)
    os.symlink("/nowhere", link)
    assert_not(base_verdict(cluster, folder), "no_whole_backup")


@pytest.mark.skipif(not shutil.which("barman"), reason="there is no barman")
def test_barman_with_a_tablespace_and_a_retention(making, elsewhere):
    barman = making.keep(Barman(making))
    add_tablespace(barman.cluster, elsewhere, "deep")
    barman.run("check", barman.name, check=False)
    barman.archive()
    barman.run("backup", "--wait", barman.name)
    barman.archive()
    verdict = barman.verdict()
    assert verdict["verdict"] == "recoverable"
    assert verdict["tablespaces_missing"] == [] and verdict["sound_after_expiry"] == 1
    assert verdict["place"] in ("same_volume", "same_host")
    add_tablespace(barman.cluster, elsewhere, "deeper")
    assert barman.verdict()["tablespaces_missing"] == ["deeper"]
    with open(barman.config_file, "a", encoding="utf-8") as file:
        file.write("retention_policy = REDUNDANCY 1\n")
    barman.run("backup", "--wait", barman.name)
    barman.archive()
    verdict = barman.verdict("least = 2")
    assert verdict["tablespaces_missing"] == [] and verdict["sound_after_expiry"] == 1
    assert "expiry_leaves_few" in reasons(verdict)


def test_sets_of_dumps_that_overlap_or_are_too_small(making, stanza):
    folder = making.keep(Folder())
    now = time.time()

    def make(name, start, stop, dumped):
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        os.mkdir(folder.join(name))
        files = [("globals.sql", "globals", ""), ("postgres.dump", "database", "postgres")]
        told = []
        for file, kind, database in files:
            write(folder.join(name, file), "content")
            told.append({"name": file, "kind": kind, "database": database, "bytes": 7, "plain_bytes": dumped})
        manifest = {"format": "pgvigil-dump/1", "files": told, "databases_expected": ["postgres"]}
        manifest["started_at"], manifest["finished_at"] = (time.strftime(stamp, time.gmtime(each)) for each in (start, stop))
        write(folder.join(name, "manifest.json"), json.dumps(manifest))

    def verdict():
        section = f'[[backup]]\ntool = "dumps"\ndirectory = {toml_string(folder.path)}\n'
        return verdicts(config(stanza.cluster, more=section))[0]

    make("one", now - 7200, now - 3600, 40 << 20)
    assert_recoverable(verdict())
    assert 0.2 < verdict()["size_to_database"] < 2
    make("two", now - 1800, now - 1200, 1 << 20)
    assert_recoverable(verdict(), ["too_small"])
    make("three", now - 1500, now - 600, 40 << 20)
    assert_recoverable(verdict(), ["overlapping"])
