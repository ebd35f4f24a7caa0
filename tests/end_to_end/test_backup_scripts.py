"""pgvigil-backup makes dump sets that are whole or not there, and keeps the right ones."""

import datetime
import gzip
import os
import shutil
import signal
import subprocess
import time

import pytest
from support.backup_scripts import BackupScripts
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.keys import AgeKey, GpgHome
from support.process import children_of, is_alive
from support.waiting import until

SHOP_ROWS = 3000
# A stream that comes so far and then hangs, until its process is ended.
HANGING_DUMP = '"$REAL" "$@" | { head -c 30000; touch "$STARTED"; exec sleep 300; }'


@pytest.fixture(scope="module", name="server")
def server_fixture(shared):
    """A server with a shop, a database of an awkward name, and one that nobody may connect to."""
    cluster = shared.cluster(role=False)
    for name in ("shop", "a|b c/%d'", "closed"):
        cluster.run(f'create database "{name}"')
    cluster.run("alter database closed allow_connections false")
    cluster.run(
        f"""create table orders (id int primary key, note text);
            insert into orders select i, md5(i::text) from generate_series(1, {SHOP_ROWS}) i;
            create table empty (id int)""",
        database="shop",
    )
    cluster.create_role("app", "a-password-of-app", grant=None)
    return cluster


@pytest.fixture(name="scripts")
def scripts_fixture(making, server):
    return making.keep(BackupScripts(server))


def backup(scripts, *arguments, **choices):
    return scripts.run("pgvigil-backup", *arguments, **choices)


def nothing_is_left(scripts):
    assert scripts.sets() == [] and scripts.hidden() == []
    assert scripts.temporary() == []


# What a set is


def test_a_set_has_every_database_and_the_globals_with_sizes_sums_and_counts(scripts, server):
    backup(scripts)
    manifest = scripts.manifest()
    expected = ["a|b c/%d'", "postgres", "shop"]
    assert manifest["databases_expected"] == expected
    assert [file["database"] for file in manifest["files"] if file["kind"] == "database"] == expected
    assert manifest["format"] == "pgvigil-dump/1" and manifest["server"]["in_recovery"] is False
    identifier = server.value("select system_identifier::text from pg_control_system()")
    assert manifest["server"]["system_identifier"] == identifier
    folder = scripts.path(scripts.sets()[0])
    summed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, check=False
    )
    assert summed.returncode == 0, summed.stderr
    for file in manifest["files"]:
        assert os.path.getsize(os.path.join(folder, file["name"])) == file["bytes"] > 0
    shop = next(file for file in manifest["files"] if file["database"] == "shop")
    assert sorted((table["table"], table["rows"]) for table in shop["sample"]) == [
        ("public.empty", 0),
        ("public.orders", SHOP_ROWS),
    ]
    assert os.stat(folder).st_mode & 0o077 == 0, "only the owner reads a dump"
    assert scripts.temporary() == []


def test_the_metrics_say_when_it_was_good_and_keep_that_through_a_failure(scripts):
    before = time.time()
    backup(scripts)
    good = scripts.metrics("pgvigil_backup.prom")
    success = good['pgvigil_backup_job_last_success_timestamp_seconds{tool="dump"}']
    assert int(before) <= success <= time.time()
    assert good['pgvigil_backup_job_last_run_exit_status{tool="dump"}'] == 0
    backup(scripts, expect=69, pgport="1")
    failed = scripts.metrics("pgvigil_backup.prom")
    assert failed['pgvigil_backup_job_last_run_exit_status{tool="dump"}'] == 69
    assert failed['pgvigil_backup_job_last_success_timestamp_seconds{tool="dump"}'] == success
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        stdin=open(f"{scripts.home}/metrics/pgvigil_backup.prom", encoding="utf-8"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_role_passwords_stay_away_where_they_shall(scripts):
    backup(scripts, pgvigil_backup_role_passwords="no", pgvigil_backup_compression="gzip")
    with gzip.open(scripts.path(scripts.sets()[0], "globals.sql.gz"), "rt") as file:
        text = file.read()
    assert "CREATE ROLE app" in text and "PASSWORD" not in text and "SCRAM" not in text


def test_a_role_that_may_only_read_is_enough(scripts, server):
    server.create_role("reader", grant="pg_read_all_data")
    server.run("create database private")
    server.run("revoke connect on database private from public")
    try:
        scripts.set(pguser="reader", pgvigil_backup_role_passwords="no", pgvigil_backup_umask="027")
        said = backup(scripts, expect=1).stderr
        assert "database private: no snapshot to dump from:" in said and "permission denied" in said
        nothing_is_left(scripts)
        backup(scripts, pgvigil_backup_exclude="private")
        folder = scripts.path(scripts.sets()[0])
        assert os.stat(f"{folder}/manifest.json").st_mode & 0o777 == 0o640
    finally:
        server.run("drop database private")


def test_a_server_that_is_newer_than_pg_dump_is_told_as_that(making):
    scripts = making.keep(BackupScripts(making.cluster(17, role=False), pgvigil_pg_bin=bin_folder(DEBIAN_MAJOR)))
    said = backup(scripts, expect=69).stderr
    assert "pg_dump 15 cannot dump a server of Postgres 17" in said and "postgresql-client-17" in said
    nothing_is_left(scripts)


def test_a_dry_run_makes_nothing(scripts):
    said = backup(scripts, "--dry-run").stderr
    assert "would dump: a|b c/%d' postgres shop, and the globals" in said
    nothing_is_left(scripts)


# What breaks it off


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_dump_killed_in_the_middle_publishes_nothing_and_frees_the_lock(scripts, number):
    folder = scripts.program("pg_dump", HANGING_DUMP)
    run = scripts.start("pgvigil-backup", pgvigil_pg_bin=folder)
    until(lambda: os.path.exists(f"{scripts.home}/tmp/started"), "the dump is under way")
    os.remove(f"{scripts.home}/tmp/started")
    assert any(name.startswith(".partial-") for name in scripts.hidden())
    family = children_of(run.pid)
    run.send(number)
    assert run.wait() == (-number if number == signal.SIGKILL else 128 + number)
    until(lambda: not any(map(is_alive, family)), "all that it had started is gone")
    assert scripts.sets() == []
    if number != signal.SIGKILL:
        nothing_is_left(scripts)
    backup(scripts)
    assert len(scripts.sets()) == 1 and scripts.hidden() == [], "the next run sweeps what a killed one left"


def test_a_second_run_is_refused_while_one_is_under_way(scripts):
    folder = scripts.program("pg_dump", HANGING_DUMP)
    run = scripts.start("pgvigil-backup", pgvigil_pg_bin=folder)
    until(lambda: os.path.exists(f"{scripts.home}/tmp/started"), "the dump is under way")
    assert "another run holds the lock" in backup(scripts, expect=75).stderr
    assert any(name.startswith(".partial-") for name in scripts.hidden()), "the first one's draft is left alone"
    run.stop()


@pytest.mark.parametrize(
    "text, status, said",
    [
        ('"$REAL" "$@" | head -c 5000; echo "pg_dump: error: lost it" >&2; exit 1', 1, "pg_dump: error: lost it"),
        ('"$REAL" "$@" | head -c 5000; kill -KILL $$', 1, "ended by signal 9"),
        ('"$REAL" "$@" | head -c 5000', 70, "does not read back"),
        ("exit 0", 70, "does not read back"),
    ],
    ids=["fails half-way", "is killed", "breaks off and says all is well", "says nothing at all"],
)
def test_a_pg_dump_that_fails_in_the_pipe_makes_no_backup(scripts, text, status, said):
    folder = scripts.program("pg_dump", f'[[ "$*" == *shop* ]] || exec "$REAL" "$@"\n{text}')
    assert said in backup(scripts, expect=status, pgvigil_pg_bin=folder).stderr
    nothing_is_left(scripts)


def test_a_table_that_is_locked_ends_the_dump_after_its_patience(scripts, server):
    with server.session(database="shop", autocommit=False) as session, session.cursor() as cursor:
        cursor.execute("lock table orders")
        said = backup(scripts, expect=1, pgvigil_backup_lock_wait="300ms").stderr
    assert "database shop" in said and "lock" in said
    nothing_is_left(scripts)


def test_a_full_disk_publishes_nothing_and_is_named(scripts, server):
    server.run(
        "create table noise as select sha512(i::text::bytea) b, sha512((-i)::text::bytea) c from generate_series(1, 8000) i",
        database="shop",
    )
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k,mode=777", "tmpfs", scripts.backups], capture_output=True, check=False
    )
    try:
        before = ()
        if mounted.returncode == 0:
            assert "not enough space" in backup(scripts, expect=73).stderr
        else:
            before = ("prlimit", "--fsize=600000")
        said = backup(scripts, before=before, expect=73, pgvigil_backup_space_check="no").stderr
        assert "writing the file failed" in said
        nothing_is_left(scripts)
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", scripts.backups], check=True)
        server.run("drop table noise", database="shop")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_lock_of_another_user_is_told_with_the_way_out(scripts):
    scripts.run("pgvigil-backup", "--prune-only", as_root=True, pgvigil_metrics_dir="")
    said = backup(scripts, expect=73).stderr
    assert "may not write the lock" in said and "PGVIGIL_RUN_AS" in said


def test_a_name_of_a_database_is_never_run_as_code(scripts, server):
    name = "x\na[$(>$TMPDIR/run)]|y"
    server.run(f'create database "{name}"')
    try:
        assert "has a line break in it" in backup(scripts, expect=78).stderr
        backup(scripts, pgvigil_backup_databases="shop\npostgres")
        assert scripts.manifest()["databases_expected"] == ["postgres", "shop"]
        assert scripts.temporary() == []
    finally:
        server.run(f'drop database "{name}"')


def test_a_name_with_a_blank_in_it_is_not_taken_for_two_that_are_left_out(scripts, server):
    server.run('create database "postgres shop"')
    try:
        assert "would dump: a|b c/%d' postgres shop, and" in backup(scripts, "--dry-run", pgvigil_backup_exclude="postgres shop").stderr
    finally:
        server.run('drop database "postgres shop"')


def test_a_server_that_is_away_and_a_setting_that_is_none_are_named(scripts):
    assert "cannot ask the server" in backup(scripts, expect=69, pgport="1").stderr
    assert "there is no setting PGVIGIL_BACKUP_KEEP_DAYLY" in backup(scripts, expect=78, pgvigil_backup_keep_dayly=3).stderr
    assert "expected one of gpg age none" in backup(scripts, expect=78, pgvigil_backup_encryption="rot13").stderr
    nothing_is_left(scripts)


def test_settings_come_from_a_file_that_only_its_owner_may_write(scripts):
    path = f"{scripts.home}/backup.env"
    with open(path, "w", encoding="utf-8") as file:
        file.write("# ours\nPGVIGIL_BACKUP_DATABASES='shop postgres'\nPGVIGIL_BACKUP_EXCLUDE=postgres\n")
    os.chmod(path, 0o644)
    assert "would dump: shop, and" in backup(scripts, "--dry-run", "--config", path).stderr
    with open(path, "w", encoding="utf-8", newline="\r\n") as file:
        file.write("PGVIGIL_BACKUP_DATABASES=shop\n")
    assert "would dump: shop, and" in backup(scripts, "--dry-run", "--config", path).stderr, "as Windows writes it"
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        assert "belongs to another user than" in backup(scripts, "--dry-run", "--config", path, expect=78).stderr
        os.chown(path, 0, 0)
    os.chmod(path, 0o666)
    assert "may be written by others" in backup(scripts, "--dry-run", "--config", path, expect=78).stderr


# Keys


def test_an_expired_gpg_key_is_found_before_anything_is_dumped(making, scripts):
    keys = making.keep(GpgHome())
    old = keys.new_key("old@example.org", made="20200101T000000", expires="1y")
    scripts.set(pgvigil_backup_encryption="gpg", gnupghome=keys.home)
    said = backup(scripts, expect=65, pgvigil_backup_recipients=old).stderr
    assert f"the gpg key {old} has expired on 202" in said
    soon = keys.new_key("soon@example.org", expires="10d")
    said = backup(scripts, "--dry-run", pgvigil_backup_recipients=soon).stderr
    assert f"warning: the gpg key {soon} expires on" in said
    backup(scripts, pgvigil_backup_recipients=soon)
    manifest = scripts.manifest()
    assert manifest["recipients"] == [soon]
    days = (datetime.datetime.fromisoformat(manifest["key_expires_at"]) - datetime.datetime.now(datetime.timezone.utc)).days
    assert 8 <= days <= 10
    shutil.rmtree(scripts.path(scripts.sets()[0]))
    assert "gpg knows no key" in backup(scripts, expect=65, pgvigil_backup_recipients="nobody@example.org").stderr
    nothing_is_left(scripts)


def test_an_age_recipient_that_is_none_is_found_before_anything_is_dumped(scripts):
    scripts.set(pgvigil_backup_encryption="age")
    assert "needs a recipient" in backup(scripts, expect=78).stderr
    assert "age does not take a recipient" in backup(scripts, expect=65, pgvigil_backup_recipients="age1nobody").stderr
    nothing_is_left(scripts)


def test_the_host_that_dumps_needs_no_secret(making, scripts):
    key = making.keep(AgeKey())
    scripts.set(pgvigil_backup_encryption="age", pgvigil_backup_recipients=key.recipient)
    backup(scripts)
    name = next(file["name"] for file in scripts.manifest()["files"] if file["database"] == "shop")
    with open(scripts.path(scripts.sets()[0], name), "rb") as file:
        assert file.read().startswith(b"age-encryption.org/v1")
    assert "keys of age have no expiry" in backup(scripts, "--dry-run").stderr
    scripts.unset("PGVIGIL_BACKUP_RECIPIENTS")
    recipients = f"{scripts.home}/recipients"
    with open(recipients, "w", encoding="utf-8") as file:
        file.write(f"# two of one\n{key.recipient}\n{key.recipient}\n")
    backup(scripts, "--dry-run", pgvigil_backup_recipients_file=recipients)


# Telling


def test_the_outcome_is_told_and_a_deaf_receiver_changes_nothing(scripts):
    scripts.program("tell", 'printf "%s\\n" "$@" >>"$STARTED.told"; exit 1')
    scripts.set(pgvigil_notify_command=f"{scripts.home}/programs/tell event")
    said = backup(scripts, pgvigil_metrics_dir="/nowhere").stderr
    assert "the notification was not delivered" in said and "cannot write /nowhere/pgvigil_backup.prom" in said
    backup(scripts, expect=69, pgport="1")
    with open(f"{scripts.home}/tmp/started.told", encoding="utf-8") as file:
        told = file.read()
    assert "The backup is made" in told and "--title\nThe backup failed: cannot ask the server" in told and "--severity\ncritical\n" in told


@pytest.mark.parametrize(("status", "is_told"), [(3, False), (1, True)])
def test_an_agent_without_receivers_is_no_reason_to_warn(scripts, status, is_told):
    folder = scripts.program("pgvigil", f'case "$*" in *--help*) exit 0 ;; esac; exit {status}')
    scripts.set(path=f"{folder}:{os.environ['PATH']}")
    assert ("the notification was not delivered" in backup(scripts).stderr) == is_told
