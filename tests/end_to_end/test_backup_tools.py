"""Barman and pg_basebackup: the real tools, whole and damaged."""

import os
import shutil
import subprocess

import pytest

from support import places
from support.barman import Barman
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config, toml_string
from support.stanza import assert_not, verdicts


@pytest.mark.skipif(not shutil.which("barman"), reason="there is no barman")
def test_barman(making):
    barman = making.keep(Barman(making))
    assert_not(barman.verdict(), "no_backups")
    barman.run("check", barman.name, check=False)
    barman.archive()
    barman.run("backup", "--wait", barman.name)
    after = barman.archive()
    barman.archive()
    verdict = barman.verdict()
    assert (verdict["verdict"], verdict["because"]) == ("recoverable", None)
    assert verdict["basis"] and verdict["until"]

    path = os.path.join(barman.wals, after[:16], after)
    os.rename(path, path + ".away")
    missing = barman.verdict()
    assert_not(missing, "wal_gap")
    assert after in missing["because"]["text"]
    os.rename(path + ".away", path)

    shutil.move(barman.wals, barman.wals + ".away")
    assert barman.verdict()["verdict"] != "recoverable"
    shutil.rmtree(barman.wals, ignore_errors=True)
    shutil.move(barman.wals + ".away", barman.wals)
    assert barman.verdict()["verdict"] == "recoverable"


@pytest.mark.parametrize("kind", ["plain", "tar"])
def test_a_base_backup(making, cluster, kind):
    class Folder:
        path = places.new_folder("base")

        def remove(self):
            places.remove_folder(self.path)

    folder = making.keep(Folder())
    where = os.path.join(folder.path, "monday")
    options = ["--format=plain"] if kind == "plain" else ["--format=tar", "--gzip"]
    subprocess.run(
        [
            os.path.join(bin_folder(DEBIAN_MAJOR), "pg_basebackup"),
            *["--host", cluster.home, "--port", str(cluster.port), "--username", "postgres"],
            *["--pgdata", where, "--wal-method=stream", "--checkpoint=fast", "--no-sync", *options],
        ],
        check=True,
        timeout=60,
    )

    def verdict(policy=""):
        section = f"[[backup]]\ntool = \"base-backups\"\ndirectory = {toml_string(folder.path)}\npolicy = {{ {policy} }}\n"
        return verdicts(config(cluster, more=section))[0]

    assert verdict()["verdict"] == "recoverable"
    victim = os.path.join(where, "PG_VERSION" if kind == "plain" else "base.tar.gz")
    size = os.path.getsize(victim)
    os.truncate(victim, size // 2)
    assert_not(verdict(), "no_whole_backup")
    os.remove(victim)
    assert_not(verdict(), "no_whole_backup")
    os.remove(os.path.join(where, "backup_manifest"))
    assert verdict()["verdict"] != "recoverable"
