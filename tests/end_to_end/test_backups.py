"""Backups by the real pgBackRest: the verdict on healthy states, and on one fault after the other."""

import contextlib
import json
import os
import shutil
import subprocess
import time

import pytest

from support import places
from support.agent import command
from support.config import config
from support.names import exported_names
from support.stanza import Stanza, assert_not, assert_recoverable, verdicts, write
from support.waiting import until

pytestmark = pytest.mark.skipif(not shutil.which("pgbackrest"), reason="there is no pgbackrest")


@pytest.fixture(scope="module", name="stanza")
def stanza_fixture(shared):
    """With a full, a differential and an incremental backup, and WAL after each."""
    stanza = shared.keep(Stanza(shared, initdb=["--data-checksums"]))
    stanza.create()
    for kind in ("full", "diff", "incr"):
        stanza.backup(kind)
        stanza.segment = stanza.archive_one()
    return stanza


@pytest.fixture(autouse=True)
def healthy_before_and_after(request):
    """Each fault is mended, and then nothing is wrong."""
    if "stanza" not in request.fixturenames:
        yield
        return
    stanza = request.getfixturevalue("stanza")
    assert_recoverable(stanza.verdict())
    yield
    assert_recoverable(stanza.verdict())


def test_full_differential_and_incremental(stanza):
    verdict = stanza.verdict()
    assert verdict["tool"] == "pgbackrest" and verdict["repository"] == "1"
    assert verdict["basis"].endswith("I")
    assert sorted(verdict["newest"]) == ["any", "diff", "full", "incr"]
    assert verdict["encrypted"] is False
    assert_recoverable(stanza.verdict("encrypted = true"), ["not_encrypted"])
    assert_recoverable(stanza.verdict('restored_within = "1d"'), ["not_rehearsed"])


def test_the_table_says_the_same(stanza):
    path = os.path.join(stanza.home, "pgvigil.toml")
    write(path, config(stanza.cluster, more=stanza.section()))
    ended = command("backup", "status", "--config", path)
    assert ended.returncode == 0
    assert "recoverable" in ended.stdout and "NOT" not in ended.stdout


def test_the_series_of_a_running_agent(making, stanza):
    agent = making.agent(config(stanza.cluster, more=stanza.section(every="10s")))
    agent.wait_value(1, "pgvigil_backup_recoverable", backup="pgbackrest", tool="pgbackrest", repository="1")
    assert agent.value("pgbackrest_stanza_status", stanza="main") == 0
    assert agent.value("pgbackrest_repo_status", stanza="main", repo_key="1", cipher="none") == 0
    labels = {"backup": "pgbackrest", "tool": "pgbackrest", "repository": "1"}
    assert 0 <= agent.value("pgvigil_backup_age_seconds", type="any", **labels) < 600
    assert agent.value("pgvigil_backups", state="complete", **labels) == 3


def test_every_name_of_pgbackrest_exporter_0_23_is_there_with_its_type_and_labels(making, stanza):
    agent = making.agent(config(stanza.cluster, more=stanza.section(every="10s")))
    agent.wait_value(1, "pgbackrest_exporter_status", stanza="main")
    families = agent.scrape()
    wrong = []
    for name, kind, labels, _ in exported_names("pgbackrest_exporter_names.txt"):
        found = families.get(name)
        if found is None:
            wrong.append(f"{name} is missing")
        elif (found.type, found.label_names()) != (kind, labels):
            wrong.append(f"{name}: {found.type} {sorted(found.label_names())}, not {kind} {sorted(labels)}")
    assert not wrong, "\n".join(wrong)
    # Who follows the newest backups sees how many databases are in them: postgres only.
    assert set(families["pgbackrest_backup_databases"].values()) == {1}
    assert len(families["pgbackrest_backup_databases"].values()) == len(families["pgbackrest_backup_info"].values())


def test_a_missing_segment_after_the_newest_backup(stanza):
    middle = stanza.archive_one()
    stanza.archive_one()
    with stanza.away(*stanza.archived(middle)):
        verdict = stanza.verdict()
        assert_not(verdict, "wal_gap")
        assert middle in verdict["because"]["text"]
        assert verdict["wal_missing_segments"] == 1
        assert verdict["until"]


def test_a_missing_segment_that_the_newest_backup_needs(stanza):
    info = json.loads(stanza.run("info", "--output=json").stdout)
    needed = info[0]["backup"][-1]["archive"]["start"]
    with stanza.away(*stanza.archived(needed)):
        assert_not(stanza.verdict(), "wal_gap")


def test_the_whole_archive_is_gone(stanza):
    folder = os.path.join(stanza.repository, "archive", "main")
    with stanza.away(*[path for path in stanza_folders(folder)]):
        assert_not(stanza.verdict(), "archive_empty")


def stanza_folders(folder):
    """The folders of WAL, without the catalogue beside them."""
    (identity,) = [name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]
    inside = os.path.join(folder, identity)
    return [os.path.join(inside, name) for name in os.listdir(inside) if len(name) == 16]


def test_a_lost_backup_that_others_build_upon_is_not_seen_by_the_catalogue_but_by_a_drill(stanza):
    label = stanza.verdict()["basis"]
    result = {
        "format": "pgvigil-restore-drill/1",
        "source": {"tool": "pgbackrest", "stanza": "main", "repository": 1, "label": label},
        "finished_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "restore_seconds": 3,
        "outcome": "failed",
        "why": "file is missing",
    }
    path = os.path.join(stanza.home, "drills", "20261127T000000Z.json")
    write(path, json.dumps(result))
    assert_not(stanza.verdict(), "drill_failed")
    write(path, json.dumps({**result, "outcome": "passed", "why": ""}))
    verdict = stanza.verdict('restored_within = "1d"')
    assert_recoverable(verdict)
    assert verdict["restored"] and verdict["restore_seconds"] == 3
    os.remove(path)


def test_a_repository_that_cannot_be_read_is_no_old_backup(stanza):
    folder = os.path.join(stanza.repository, "backup")
    os.chmod(folder, 0)
    try:
        assert_not(stanza.verdict(), "unreadable", "unknown")
    finally:
        os.chmod(folder, 0o750)


def test_a_stanza_that_was_never_created(stanza):
    assert_not(stanza.verdict(stanza="nowhere"), "no_stanza")


def test_a_damaged_catalogue(stanza):
    names = ["backup.info", "backup.info.copy"]
    paths = [os.path.join(stanza.repository, "backup", "main", name) for name in names]
    with contextlib.ExitStack() as stack:
        for path in paths:
            stack.enter_context(mended(path))
            write(path, "garbage\n", 0o640)
        assert_not(stanza.verdict(), "catalog_damaged")
    with stanza.away(*paths):
        assert_not(stanza.verdict(), "catalog_damaged")


@contextlib.contextmanager
def mended(path):
    """The file is afterwards what it was."""
    shutil.copy2(path, path + ".good")
    try:
        yield
    finally:
        os.replace(path + ".good", path)
        places.give_to_server_user(path)


def test_a_tool_that_is_missing_hangs_or_talks_nonsense(stanza):
    assert_not(stanza.verdict(program="/nowhere/pgbackrest"), "tool_failed", "unknown")
    for name, script, reason in (
        ("hangs", "sleep 100 & sleep 100", "timed_out"),
        ("nonsense", "echo well", "tool_failed"),
        ("silent", "echo broken >&2; exit 9", "tool_failed"),
    ):
        path = os.path.join(stanza.home, name)
        write(path, f"#!/bin/sh\n{script}\n", 0o755)
        assert_not(stanza.verdict(program=path, timeout="2s"), reason, "unknown")


def test_a_run_that_is_killed_in_the_middle(stanza):
    basis = stanza.verdict()["basis"]
    locks = os.path.join(stanza.home, "lock")
    words = [stanza.program, f"--config={stanza.config_file}", "--stanza=main", "backup", "--type=full"]
    with subprocess.Popen([*words, "--process-max=1"], stdout=subprocess.DEVNULL, start_new_session=True) as run:
        until(lambda: any(name.endswith("backup.lock") for name in os.listdir(locks)) or run.poll() is not None, "it runs")
        subprocess.run(["kill", "-9", "--", f"-{run.pid}"], check=False)
    verdict = stanza.verdict()
    assert_recoverable(verdict)
    assert verdict["basis"] >= basis


def test_an_idle_server_writes_no_wal_for_longer_than_the_limit(stanza):
    old = time.time() - 30 * 86400
    for path in stanza.archived():
        os.utime(path, (old, old))
    assert_recoverable(stanza.verdict('max_age = "1h"'))


def test_a_clock_that_is_ahead(stanza):
    """As info tells it when the backup host's clock is two hours ahead."""
    path = os.path.join(stanza.home, "ahead")
    awk = r"""python3 -c 'import re,sys; print(re.sub(r"(\"stop\":)(\d{10})", lambda m: m[1] + str(int(m[2]) + 7200), sys.stdin.read()))'"""
    write(path, f'#!/bin/sh\nif [ "$1" = info ]; then {stanza.program} "$@" | {awk}; else exec {stanza.program} "$@"; fi\n', 0o755)
    assert_not(stanza.verdict(program=path), "clock", "unknown")


def test_backups_that_are_too_old(stanza):
    path = os.path.join(stanza.home, "old")
    shift = r"""python3 -c 'import re,sys; print(re.sub(r"(\"st(?:art|op)\":)(\d{10})", lambda m: m[1] + str(int(m[2]) - 999999), sys.stdin.read()))'"""
    write(path, f'#!/bin/sh\nif [ "$1" = info ]; then {stanza.program} "$@" | {shift}; else exec {stanza.program} "$@"; fi\n', 0o755)
    assert_recoverable(stanza.verdict(program=path), ["too_old", "full_too_old"])


def test_a_sidecar_writes_what_pgvigil_reads(stanza):
    info, listing = (os.path.join(stanza.home, name) for name in ("info.json", "archive.json"))
    text = stanza.run("info", "--output=json").stdout
    write(info, text)
    assert_not(stanza.verdict(file=info), "archive_unseen", "unknown")
    identity = json.loads(text)[0]["archive"][0]["id"]
    write(listing, stanza.run("repo-ls", "--output=json", "--recurse", f"archive/main/{identity}").stdout)
    assert_recoverable(stanza.verdict(file=info, archive=listing))
    old = time.time() - 86400
    os.utime(info, (old, old))
    assert_not(stanza.verdict(file=info, archive=listing), "timed_out", "unknown")


def test_another_cluster_than_that_of_the_backups(making, stanza):
    other = making.cluster()
    assert_not(verdicts(config(other, more=stanza.section()))[0], "other_cluster")


def test_a_wrong_cipher_key_and_damaged_pages(making):
    stanza = making.keep(Stanza(making, initdb=["--data-checksums"]))
    cipher = "repo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass={}"
    write(stanza.config_file, stanza.settings(cipher.format("right")))
    stanza.create()
    assert_not(stanza.verdict(), "no_backups")
    stanza.cluster.run("create table goods as select n, repeat('x', 500) as text from generate_series(1, 200) n")
    path = os.path.join(stanza.cluster.data, stanza.cluster.value("select pg_relation_filepath('goods')"))
    stanza.backup("full")
    stanza.archive_one()
    assert_recoverable(stanza.verdict("encrypted = true"))

    for word in ("wrong", "another", "a third", "a fourth"):  # each makes another text of the catalogue
        write(stanza.config_file, stanza.settings(cipher.format(word)))
        assert_not(stanza.verdict(), "cipher_key", "unknown")
    write(stanza.config_file, stanza.settings(cipher.format("right")))
    sound = stanza.verdict()
    assert_recoverable(sound)

    stanza.cluster.stop()
    with open(path, "r+b") as file:
        file.seek(8192 + 4000)
        file.write(b"damage")
    stanza.cluster.start()
    stanza.backup("full")
    verdict = stanza.verdict()
    assert_recoverable(verdict, ["page_errors"])
    assert verdict["basis"] == sound["basis"]


def test_a_full_disk(making):
    folder = places.new_folder("small")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=777", "tmpfs", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small file system here")
    try:
        stanza = making.keep(Stanza(making, repository=os.path.join(folder, "repo")))
        write(stanza.config_file, stanza.settings("compress-type=none").replace("compress-type=lz4\n", ""))
        stanza.create()
        assert stanza.backup("full", check=False).returncode != 0
        assert_not(stanza.verdict(), "no_backups")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        places.remove_folder(folder)
