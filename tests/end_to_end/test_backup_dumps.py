"""Folders of dumps by the real pg_dump: what is whole, and what only looks so."""

import contextlib
import glob
import os
import shutil
import subprocess
import tempfile
import time

import pytest

from support import places
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config, toml_string
from support.stanza import assert_not, assert_recoverable, verdicts

OLD = 600  # seconds: long enough ago that nobody is still writing


def tool(name):
    return os.path.join(bin_folder(DEBIAN_MAJOR), name)


class Dumps:
    """A folder that is emptied between tests; its files look as if they were written a while ago."""

    def __init__(self, making):
        self.cluster = making.cluster()
        self.cluster.run("create table goods as select n, md5(n::text) as text from generate_series(1, 3000) n")
        self.cluster.run("create table more as select n from generate_series(1, 3000) n")
        self.home = places.new_folder("dumps")

    def remove(self):
        places.remove_folder(self.home)

    def path(self, name):
        return os.path.join(self.home, name)

    def run(self, words, into=None):
        connection = ["--host", self.cluster.home, "--port", str(self.cluster.port), "--username", "postgres"]
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(open(self.path(into), "wb")) if into else None
            subprocess.run([words[0], *connection, *words[1:]], stdout=out, check=True, timeout=60)

    def dump(self, name, *options):
        """A dump of the database postgres in one of pg_dump's formats, beside the roles."""
        self.run([tool("pg_dump"), "--file", self.path(name), *options, "postgres"])
        self.globals()
        self.age()

    def globals(self):
        self.run([tool("pg_dumpall"), "--globals-only"], into="globals.sql")

    def age(self):
        then = time.time() - OLD
        for folder, _, names in os.walk(self.home):
            for name in names:
                os.utime(os.path.join(folder, name), (then, then))

    def cut(self, name, keep):
        """Leaves the first part of the file only."""
        os.truncate(self.path(name), int(os.path.getsize(self.path(name)) * keep))
        self.age()

    def shell(self, script):
        subprocess.run(["sh", "-c", script], cwd=self.home, check=False, timeout=60)
        self.age()

    def verdict(self, policy="", more=""):
        section = f"[[backup]]\ntool = \"dumps\"\ndirectory = {toml_string(self.home)}\npolicy = {{ {policy} }}\n{more}\n"
        return verdicts(config(self.cluster, more=section))[0]


@pytest.fixture(scope="module")
def folder(shared):
    return shared.keep(Dumps(shared))


@pytest.fixture
def dumps(folder):
    shutil.rmtree(folder.home)
    os.mkdir(folder.home)
    yield folder


FORMATS = {
    "custom": ("postgres.dump", ["--format=custom"]),
    "tar": ("postgres.tar", ["--format=tar"]),
    "plain": ("postgres.sql", ["--format=plain"]),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_whole_dump_and_a_truncated_one(dumps, kind):
    name, options = FORMATS[kind]
    dumps.dump(name, *options)
    whole = dumps.verdict()
    assert_recoverable(whole)
    assert whole["until"]
    for keep in (0.999, 0.5, 0):
        dumps.cut(name, keep)
        assert_not(dumps.verdict(), "no_whole_backup")


def test_a_directory_and_what_may_be_missing_of_it(dumps):
    dumps.dump("postgres", "--format=directory")
    assert_recoverable(dumps.verdict())
    data = sorted(glob.glob(dumps.path("postgres/*.dat.gz")))
    os.truncate(data[0], os.path.getsize(data[0]) // 2)
    dumps.age()
    assert_not(dumps.verdict(), "no_whole_backup")
    os.remove(data[0])
    assert_not(dumps.verdict(), "no_whole_backup")
    os.remove(dumps.path("postgres/toc.dat"))
    assert dumps.verdict()["verdict"] != "recoverable"


@pytest.mark.parametrize("program", ["gzip", "zstd"])
def test_a_packed_dump_and_a_truncated_one(dumps, program):
    ending = {"gzip": "gz", "zstd": "zst"}[program]
    dumps.dump("postgres.sql")
    dumps.shell(f"{program} -q --rm postgres.sql 2>/dev/null || {program} -q postgres.sql; rm -f postgres.sql")
    assert_recoverable(dumps.verdict())
    dumps.cut(f"postgres.sql.{ending}", 0.7)
    assert_not(dumps.verdict(), "no_whole_backup")


def test_pg_dump_that_failed_before_gzip_leaves_a_perfect_gz_with_nothing_in_it(dumps):
    dumps.globals()
    dumps.shell(f"{tool('pg_dump')} --host /nowhere postgres 2>/dev/null | gzip > postgres.sql.gz")
    assert subprocess.run(["gzip", "-t", dumps.path("postgres.sql.gz")], check=False).returncode == 0
    verdict = dumps.verdict()
    assert_not(verdict, "no_whole_backup")
    assert "holds nothing" in verdict["because"]["text"]


def test_pg_dump_that_died_in_the_middle_leaves_a_perfect_gz_of_the_first_half(dumps):
    dumps.dump("postgres.sql")
    dumps.shell("head -c 60000 postgres.sql | gzip > postgres.sql.gz; rm postgres.sql")
    assert_not(dumps.verdict(), "no_whole_backup")


def test_roles_and_databases_that_are_missing(dumps):
    dumps.dump("postgres.dump", "--format=custom")
    os.remove(dumps.path("globals.sql"))
    assert_not(dumps.verdict(), "set_incomplete")
    assert_recoverable(dumps.verdict("globals = false"))
    dumps.globals()
    dumps.age()
    assert_recoverable(dumps.verdict())
    dumps.cluster.run("create database shop")
    try:
        verdict = dumps.verdict()
        assert_not(verdict, "set_incomplete")
        assert verdict["databases_missing"] == ["shop"]
        assert_recoverable(dumps.verdict(more='databases = ["postgres"]'))
    finally:
        dumps.cluster.run("drop database shop")


def test_a_dump_of_the_whole_cluster(dumps):
    dumps.run([tool("pg_dumpall")], into="all.sql")
    dumps.age()
    assert_recoverable(dumps.verdict())
    dumps.cut("all.sql", 0.9)
    assert_not(dumps.verdict(), "no_whole_backup")


def test_an_older_whole_set_stands_in_for_a_newer_damaged_one(dumps):
    dumps.dump("postgres.dump", "--format=custom")
    for day in ("20261125", "20261126"):
        os.mkdir(dumps.path(day))
        for name in ("postgres.dump", "globals.sql"):
            shutil.copy(dumps.path(name), dumps.path(f"{day}/{name}"))
    for name in ("postgres.dump", "globals.sql"):
        os.remove(dumps.path(name))
    dumps.age()
    assert_recoverable(dumps.verdict())
    dumps.cut("20261126/postgres.dump", 0.5)
    verdict = dumps.verdict()
    assert verdict["basis"] == "20261125"
    assert_recoverable(verdict, ["no_whole_backup"])


def test_an_encrypted_file_without_a_manifest_proves_nothing(dumps):
    dumps.globals()
    dumps.shell("printf 'age-encryption.org/v1\\n-> X25519 abc\\nmore' > postgres.dump.age")
    assert_not(dumps.verdict(), "unproven", "unknown")


def test_what_is_too_old_or_not_there(dumps):
    verdict = dumps.verdict()
    assert_not(verdict, "no_backups")
    dumps.dump("postgres.dump", "--format=custom")
    assert_not(dumps.verdict('max_age = "5m"'), "too_old")
    then = time.time() - 3 * 86400
    for name in os.listdir(dumps.home):
        os.utime(dumps.path(name), (then, then))
    assert_not(dumps.verdict(), "too_old")


def test_dumps_on_the_volume_of_the_database_are_lost_with_it(dumps):
    dumps.dump("postgres.dump", "--format=custom")
    assert [each["reason"] for each in dumps.verdict()["findings"]] == ["same_volume"]
    if os.stat("/dev/shm").st_dev == os.stat(dumps.cluster.data).st_dev:
        return
    home = dumps.home
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        try:
            dumps.home = shutil.copytree(home, os.path.join(elsewhere, "dumps"))
            assert dumps.verdict()["findings"] == []
        finally:
            dumps.home = home


@pytest.mark.parametrize("program", ["xz", "bzip2", "lz4"])
def test_what_is_packed_in_a_way_that_is_not_unpacked_is_damaged_or_unproven(dumps, program):
    dumps.dump("postgres.sql")
    ending = {"xz": "xz", "bzip2": "bz2", "lz4": "lz4"}[program]
    dumps.shell(f"{program} -q < postgres.sql > postgres.sql.{ending}; rm postgres.sql")
    assert_not(dumps.verdict(), "unproven", "unknown")
    for keep in (0.999, 0.5):
        dumps.cut(f"postgres.sql.{ending}", keep)
        assert_not(dumps.verdict(), "no_whole_backup")


def test_a_folder_that_is_not_there(dumps):
    os.rmdir(dumps.home)
    assert_not(dumps.verdict(), "unreadable", "unknown")
    os.mkdir(dumps.home)
