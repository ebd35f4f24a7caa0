"""pgvigil-pre-migration finds the way back, or says why there is none."""

import glob
import json
import os
import shutil
import time

import pytest
from support.backup_scripts import BackupScripts
from support.pgbackrest import Stanza


@pytest.fixture(scope="module", name="server")
def server_fixture(shared):
    cluster = shared.cluster(role=False)
    cluster.run("create database shop")
    cluster.run("create table orders as select generate_series(1, 100) id", database="shop")
    cluster.create_role("migrator", grant=None)
    cluster.stanza = shared.keep(Stanza(cluster))
    return cluster


@pytest.fixture(name="scripts")
def scripts_fixture(making, server):
    return making.keep(BackupScripts(server))


@pytest.fixture(name="physical")
def physical_fixture(making, server):
    config = server.stanza.config
    settings = {"pgvigil_backup_tool": "pgbackrest", "pgvigil_backup_stanza": "main", "pgbackrest_config": config}
    return making.keep(BackupScripts(server, **settings))


def gate(scripts, *arguments, **choices):
    return json.loads(scripts.run("pgvigil-pre-migration", "--format=json", *arguments, **choices).stdout)


def test_without_a_backup_it_refuses_and_with_take_it_makes_one(scripts):
    answer = gate(scripts, expect=3)
    assert answer["decision"] == "refused" and "there is no good dump set" in answer["why"]
    assert answer["backup"] is None and answer["restore_point"] is None
    answer = gate(scripts, "--take", "--name", "v42")
    assert answer["decision"] == "go"
    assert answer["backup"]["label"] == scripts.sets()[0] and answer["restore_point"]["name"] == "v42"
    assert answer["format"] == "pgvigil-pre-migration/1"


def test_the_printed_command_brings_the_database_back(scripts, server):
    answer = gate(scripts, "--take", "--database", "shop")
    server.run("drop table orders", database="shop")
    (command,) = answer["restore_commands"]
    environment = {"PGHOST": server.home, "PGPORT": str(server.port), "PGUSER": "postgres"}
    words = [f"export {name}={value};" for name, value in environment.items()]
    scripts.program("back", f"set -o pipefail; {' '.join(words)} {command}")
    assert os.spawnl(os.P_WAIT, f"{scripts.home}/programs/back", "back") == 0
    assert server.value("select count(*) from orders", database="shop") == 100


def test_an_old_backup_one_that_is_not_whole_and_one_of_another_server_are_refused(scripts):
    scripts.run("pgvigil-backup")
    name = scripts.sets()[0]
    manifest = scripts.manifest()

    def rewrite(**changes):
        with open(scripts.path(name, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump({**manifest, **changes}, file)

    rewrite(started_at="2026-01-01T00:00:00Z")
    assert "minutes old, and 60 are allowed" in gate(scripts, "--max-age=1h", expect=3)["why"]
    rewrite(started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200)))
    assert "is of the future" in gate(scripts, "--max-age=1h", expect=3)["why"]
    rewrite(server={**manifest["server"], "system_identifier": "1"})
    assert "is of another cluster" in gate(scripts, expect=3)["why"]
    rewrite()
    assert "has no database ledger" in gate(scripts, "--database=ledger", expect=3)["why"]
    os.truncate(scripts.path(name, "shop.dump.zst"), 10)
    assert "there is no good dump set" in gate(scripts, expect=3)["why"]


def test_a_role_that_may_make_no_restore_point_gets_the_position(scripts, server):
    scripts.run("pgvigil-backup")
    server.run("revoke execute on function pg_create_restore_point(text) from public")
    answer = gate(scripts, pguser="migrator")
    assert answer["decision"] == "go" and answer["restore_point"]["name"] is None
    assert "/" in answer["restore_point"]["lsn"]


def test_a_standby_is_refused(making, server):
    standby = making.standby(server)
    scripts = making.keep(BackupScripts(standby))
    assert "is a standby" in gate(scripts, expect=3)["why"]


def test_with_pgbackrest_the_restore_point_is_seen_in_the_repository(physical, server):
    answer = gate(physical, "--take", "--name=v43")
    assert answer["restore_point"]["name"] == "v43" and answer["restore_point"]["seen_in_repository"] is True
    label = server.stanza.backups()[-1]["label"]
    (command,) = answer["restore_commands"]
    assert f"--set={label} --delta --type=name --target=v43 --target-action=promote restore" in command
    text = physical.run("pgvigil-pre-migration").stdout
    assert "way back: " + label in text and "seen in the repository" in text


def test_a_stanza_without_wal_is_refused(physical, server):
    physical.run("pgvigil-backup", pgvigil_backup_after="none")
    archive = os.path.join(server.stanza.home, "repository/archive/main")
    folder = next(os.path.join(archive, name) for name in os.listdir(archive) if name.startswith("15-"))
    shutil.move(folder, folder + ".away")
    try:
        assert "has backups and no WAL" in gate(physical, expect=3)["why"]
    finally:
        shutil.move(folder + ".away", folder)


def test_a_missing_segment_after_the_backup_is_refused_and_a_new_backup_mends_it(physical, server):
    physical.run("pgvigil-backup", pgvigil_backup_after="none")
    for _ in range(2):
        server.run("create table if not exists filler(n int); insert into filler values (1); select pg_switch_wal()")
    server.stanza.run("check")
    needed = server.stanza.backups()[-1]["archive"]["stop"]
    archive = os.path.join(server.stanza.home, "repository/archive/main")
    segments = sorted(path for path in glob.glob(f"{archive}/*/*/*") if os.path.basename(path)[24:25] == "-")
    lost = next(path for path in segments if os.path.basename(path)[:24] > needed)
    os.remove(lost)
    why = gate(physical, expect=3)["why"]
    assert f"lacks WAL segment {os.path.basename(lost)[:24]}" in why
    assert gate(physical, "--take")["decision"] == "go"
