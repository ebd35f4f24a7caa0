"""pgvigil-restore-drill restores what pgvigil-backup made, by each way of making it, and finds what is wrong with it."""

import json
import os
import signal

import pytest
from support import places
from support.backup_scripts import BackupScripts
from support.keys import AgeKey, GpgHome
from support.pgbackrest import Stanza
from support.process import children_of, is_alive
from support.waiting import until

SHOP_ROWS = 3000


def fill(cluster):
    cluster.run("create database shop")
    cluster.run(
        f"""create table orders (id int primary key, note text);
            insert into orders select i, md5(i::text) from generate_series(1, {SHOP_ROWS}) i""",
        database="shop",
    )
    cluster.create_role("app", "a-password-of-app", grant="pg_monitor")


@pytest.fixture(scope="module", name="server")
def server_fixture(shared):
    cluster = shared.cluster(role=False)
    fill(cluster)
    folder = os.path.join(cluster.home, "elsewhere")
    os.mkdir(folder)
    places.give_to_server_user(folder)
    cluster.run(f"create tablespace elsewhere location '{folder}'")
    cluster.run("create table far (id int) tablespace elsewhere; insert into far values (1)", database="shop")
    return cluster


@pytest.fixture(name="scripts")
def scripts_fixture(making, server):
    return making.keep(BackupScripts(server))


def drill(scripts, *arguments, **choices):
    return scripts.run("pgvigil-restore-drill", *arguments, **choices)


def outcomes(result):
    return {check["name"]: check["outcome"] for check in result["checks"]}


def the_only_result(scripts):
    """It leaves nothing but its result."""
    assert scripts.temporary() == []
    (result,) = scripts.drills()
    assert result["format"] == "pgvigil-restore-drill/1"
    return result


# Dump sets


def test_names_of_tables_and_folders_may_hold_anything_and_are_never_run(scripts, server):
    scripts.set(pgvigil_backup_dir=scripts.folder("it's a\nfolder"))
    scripts.backups = os.path.join(scripts.home, "it's a\nfolder")
    name = "x\nshop\ta[$(>$TMPDIR/run)]\ty"
    server.run(f'create table "{name}" (id int)', database="shop")
    try:
        scripts.run("pgvigil-backup")
        drill(scripts)
    finally:
        server.run(f'drop table "{name}"', database="shop")
    result = the_only_result(scripts)
    assert outcomes(result)["row_counts"] == "passed"
    assert next(check["detail"] for check in result["checks"] if check["name"] == "row_counts").startswith("3 tables have")


@pytest.mark.parametrize("kind", ["custom, gpg", "custom in parallel, age", "directory, age", "directory, gzip"])
def test_a_set_comes_back_with_exactly_its_rows(making, scripts, kind):
    if "gpg" in kind:
        keys = making.keep(GpgHome())
        key = keys.new_key("backup@example.org")
        scripts.set(pgvigil_backup_encryption="gpg", pgvigil_backup_recipients=key, gnupghome=keys.home)
    elif "age" in kind:
        key = making.keep(AgeKey())
        scripts.set(pgvigil_backup_encryption="age", pgvigil_backup_recipients=key.recipient)
        scripts.set(pgvigil_drill_age_identity=key.identity)
    else:
        scripts.set(pgvigil_backup_compression="gzip")
    if "directory" in kind:
        scripts.set(pgvigil_backup_format="directory", pgvigil_backup_jobs=2)
    if "parallel" in kind:
        scripts.set(pgvigil_drill_jobs=2)
    scripts.run("pgvigil-backup")
    drill(scripts)
    result = the_only_result(scripts)
    assert result["outcome"] == "passed" and result["why"] == ""
    assert outcomes(result) == {
        name: "passed" for name in ("complete", "sha256", "row_counts", "amcheck", "checksums")
    }
    manifest = scripts.manifest()
    assert result["source"] == {"tool": "dump", "label": scripts.sets()[0]}
    assert result["backup_finished_at"] == manifest["finished_at"]
    assert result["recovered_until"] == manifest["started_at"]
    assert result["restore_seconds"] > 0 and result["check_seconds"] > 0
    assert result["bytes_restored"] > sum(file.get("database_bytes", 0) for file in manifest["files"]) / 2
    measured = scripts.metrics("pgvigil_restore_drill.prom")
    assert measured['pgvigil_restore_drill_job_restore_seconds{tool="dump"}'] == result["restore_seconds"]


def test_keys_of_gpg_may_come_in_files(making, scripts):
    """As in a container, where nobody has a key ring: each program has one of its own while it runs."""
    keys = making.keep(GpgHome())
    fingerprint = keys.new_key("backup@example.org", passphrase="correct horse")
    scripts.set(pgvigil_backup_encryption="gpg", gnupghome="/nonexistent", pgvigil_backup_gpg_keys_file=keys.export())
    scripts.run("pgvigil-backup")
    assert scripts.manifest()["recipients"] == [fingerprint]
    assert "cannot be decrypted" in drill(scripts, expect=65).stderr
    passphrase = f"{scripts.home}/passphrase"
    with open(passphrase, "w", encoding="utf-8") as file:
        file.write("correct horse\n")
    secret = {"pgvigil_drill_gpg_key_file": keys.export("correct horse"), "pgvigil_drill_gpg_passphrase_file": passphrase}
    drill(scripts, **secret)
    assert [result["outcome"] for result in scripts.drills()] == ["failed", "passed"]
    assert "gpg takes no key from PGVIGIL_DRILL_GPG_KEY_FILE" in drill(
        scripts, expect=65, pgvigil_drill_gpg_key_file=passphrase).stderr  # fmt: skip
    assert scripts.temporary() == []


def test_as_root_it_goes_on_as_the_user_of_postgres(scripts):
    scripts.run("pgvigil-backup")
    drill(scripts, as_root=True)
    assert the_only_result(scripts)["outcome"] == "passed"


def test_the_wrong_key_is_told_as_that(making, scripts):
    right, wrong = making.keep(AgeKey()), making.keep(AgeKey())
    scripts.set(pgvigil_backup_encryption="age", pgvigil_backup_recipients=right.recipient)
    scripts.run("pgvigil-backup")
    drill(scripts, expect=65, pgvigil_drill_age_identity=wrong.identity)
    result = the_only_result(scripts)
    assert result["outcome"] == "failed" and "cannot be decrypted" in result["why"]
    assert result["restore_seconds"] is None


def test_a_byte_that_changed_is_found_before_anything_is_restored(scripts):
    scripts.run("pgvigil-backup")
    path = scripts.path(scripts.sets()[0], "shop.dump.zst")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    drill(scripts, expect=70)
    result = the_only_result(scripts)
    assert outcomes(result) == {"complete": "passed", "sha256": "failed"}
    assert "shop.dump.zst: FAILED" in result["why"]


def test_a_set_that_lacks_a_database_fails_although_an_older_one_is_whole(scripts):
    scripts.run("pgvigil-backup")
    os.rename(scripts.path(scripts.sets()[0]), scripts.path("20200101T000000Z"))
    scripts.run("pgvigil-backup")
    newer = scripts.sets()[-1]
    manifest = scripts.manifest(newer)
    manifest["files"] = [file for file in manifest["files"] if file["database"] != "shop"]
    with open(scripts.path(newer, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    drill(scripts, expect=70)
    assert "it lacks the database shop" in the_only_result(scripts)["why"]
    drill(scripts, "--set", "20200101T000000Z")
    assert scripts.drills()[-1]["outcome"] == "passed"


def test_rows_that_are_not_there_fail_the_drill(scripts):
    scripts.run("pgvigil-backup")
    manifest = scripts.manifest()
    for file in manifest["files"]:
        for table in file.get("sample", []):
            table["rows"] += table["table"] == "public.orders"
    with open(scripts.path(scripts.sets()[0], "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    drill(scripts, expect=70)
    why = the_only_result(scripts)["why"]
    assert f"public.orders has {SHOP_ROWS} rows, expected {SHOP_ROWS + 1}" in why


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_drill_that_is_killed_leaves_no_server_and_says_nothing_of_the_backup(scripts, number):
    scripts.run("pgvigil-backup")
    folder = scripts.program("pg_restore", 'touch "$STARTED"; exec sleep 300')
    for program in ("initdb", "postgres", "psql", "pg_dump"):
        scripts.program(program, 'exec "$REAL" "$@"')
    run = scripts.start("pgvigil-restore-drill", pgvigil_pg_bin=folder)
    until(lambda: os.path.exists(f"{scripts.home}/tmp/started"), "the restore is under way")
    os.remove(f"{scripts.home}/tmp/started")
    family = children_of(run.pid)
    run.send(number)
    run.wait()
    until(lambda: not any(map(is_alive, family)), "its server and all else is gone")
    assert scripts.drills() == []
    if number == signal.SIGTERM:
        assert scripts.temporary() == []
    else:
        assert "removing what a killed drill has left" in drill(scripts).stderr
        assert os.listdir(f"{scripts.home}/scratch") == []


def test_no_backup_is_no_drill(scripts):
    assert "there is no dump set" in drill(scripts, expect=66).stderr
    assert scripts.drills() == [] and scripts.temporary() == []


# pgBackRest


@pytest.fixture(scope="module", name="archiving")
def archiving_fixture(shared):
    """A server with page checksums and its repository."""
    cluster = shared.cluster(role=False, initdb=["--data-checksums"])
    fill(cluster)
    cluster.stanza = shared.keep(Stanza(cluster))
    return cluster


@pytest.fixture(name="physical")
def physical_fixture(making, archiving):
    return making.keep(
        BackupScripts(
            archiving,
            pgvigil_backup_tool="pgbackrest",
            pgvigil_backup_stanza="main",
            pgbackrest_config=archiving.stanza.config,
            pgvigil_drill_source=f"host={archiving.home} port={archiving.port} user=postgres",
        )
    )


def test_pgbackrest_makes_full_then_incremental_and_differential_by_schedule(physical, archiving):
    physical.run("pgvigil-backup")
    physical.run("pgvigil-backup", pgvigil_backup_after="verify")
    physical.run("pgvigil-backup", "--type=diff", pgvigil_backup_after="none")
    assert [backup["type"] for backup in archiving.stanza.backups()] == ["full", "incr", "diff"]
    measured = physical.metrics("pgvigil_backup.prom")
    assert measured['pgvigil_backup_job_last_run_exit_status{tool="pgbackrest"}'] == 0
    assert measured['pgvigil_backup_job_stored_bytes{tool="pgbackrest"}'] > 0


def test_the_drill_replays_what_was_written_after_the_backup_and_annotates_it(physical, archiving):
    physical.run("pgvigil-backup", pgvigil_backup_after="none")
    archiving.run("create table late as select generate_series(1, 10) i; analyze", database="shop")
    archiving.run("select pg_switch_wal()")
    archiving.stanza.run("check")
    archived = archiving.value("select archived_count from pg_stat_archiver")
    drill(physical)
    result = the_only_result(physical)
    assert result["outcome"] == "passed", result
    assert outcomes(result) == {"row_counts": "passed", "amcheck": "passed", "checksums": "passed"}
    backup = archiving.stanza.backups()[-1]
    assert result["source"] == {"tool": "pgbackrest", "stanza": "main", "repository": 1, "label": backup["label"]}
    assert result["recovered_until"] >= result["backup_finished_at"]
    assert backup["annotation"]["restore-verified"].startswith("20")
    later = archiving.value("select archived_count from pg_stat_archiver")
    assert later - archived <= 1, "the drill archives nothing: at most the check's own segment came late"
    assert archiving.value("select failed_count from pg_stat_archiver") == 0


def test_programs_of_another_major_are_refused_before_anything_is_fetched(physical, archiving):
    physical.run("pgvigil-backup", pgvigil_backup_after="none")
    folder = os.path.join(physical.home, "other")
    os.mkdir(folder)
    with open(os.path.join(folder, "postgres"), "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
    os.chmod(file.name, 0o755)
    said = drill(physical, expect=69, pgvigil_pg_bin=folder).stderr
    assert f"the backup is of Postgres {archiving.major}, and the server's programs here are of Postgres 99" in said
    assert f"ends in postgres{archiving.major}" in said
    assert not physical.temporary()


def test_a_damaged_file_of_the_repository_is_found_by_verify(physical, archiving):
    physical.run("pgvigil-backup", "--type=full", pgvigil_backup_after="none")
    files = os.path.join(archiving.stanza.home, "repository/backup/main", archiving.stanza.backups()[-1]["label"])
    path = os.path.join(files, "pg_data/global/pg_control.gz")
    with open(path, "r+b") as file:
        whole = file.read()
        file.seek(len(whole) // 2)
        file.write(b"not what was written")
    try:
        said = physical.run("pgvigil-backup", expect=70, pgvigil_backup_after="verify").stderr
        assert "pgbackrest verify found damage" in said and "pg_control" in said
    finally:
        with open(path, "wb") as file:
            file.write(whole)


def test_a_repository_that_cannot_be_decrypted_is_told_as_that(physical, archiving):
    archiving.stanza.configure(key="another one")
    try:
        assert "cannot be read" in drill(physical, expect=69).stderr
        assert "no backup can be made" in physical.run("pgvigil-backup", expect=69).stderr
    finally:
        archiving.stanza.configure()
    assert physical.temporary() == []


def test_a_damaged_page_is_found_by_the_backup_and_by_the_drill(physical, archiving):
    archiving.run("create table torn as select generate_series(1, 5000) i", database="shop")
    path = archiving.value("select pg_relation_filepath('torn')", database="shop")
    archiving.stop()
    with open(os.path.join(archiving.data, path), "r+b") as file:
        file.seek(8192 + 4000)
        file.write(b"not what was written")
    archiving.start()
    said = physical.run("pgvigil-backup", "--type=full", expect=70).stderr
    assert "has pages that fail their checksums" in said
    drill(physical, expect=70)
    result = the_only_result(physical)
    assert result["outcome"] == "failed" and "amcheck" in result["why"]
    assert outcomes(result)["amcheck"] == "failed" and outcomes(result)["checksums"] == "failed"
    assert "restore-verified" not in archiving.stanza.backups()[-1].get("annotation", {})
