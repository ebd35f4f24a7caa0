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
        self.cluster.run("create table goods as select n, md5(n::text) as text from generate_series(1, 20000) n")
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

    def verdicts(self, contents, more=""):
        """One folder for each, with the roles beside it: name of the folder -> name of its file, bytes."""
        self.globals()
        sections = ""
        for folder, (name, data) in contents.items():
            os.mkdir(self.path(folder))
            shutil.copy(self.path("globals.sql"), self.path(folder))
            with open(self.path(f"{folder}/{name}"), "wb") as file:
                file.write(data)
            sections += f"[[backup]]\ntool = \"dumps\"\nname = \"{folder}\"\ndirectory = {toml_string(self.path(folder))}\n{more}\n"
        self.age()
        return {told["backup"]: told for told in verdicts(config(self.cluster, more=sections))}

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

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


PACKERS = {"gzip": "gz", "zstd": "zst", "xz": "xz", "bzip2": "bz2", "lz4": "lz4"}


def packed(program, data):
    return subprocess.run([program, "-c"], input=data, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("program", PACKERS)
def test_a_packed_dump_is_proven_and_whatever_is_cut_or_changed_in_it_is_found(dumps, program):
    dumps.dump("postgres.sql")
    dumps.dump("postgres.dump", "--format=custom", "--compress=0")
    plain = dumps.read("postgres.sql")
    whole = packed(program, plain)
    half = len(plain) // 2
    assert len(whole) > 300_000, "it takes more than one block to read it"
    padding = {"gzip": bytes(512), "xz": bytes(8)}.get(program, b"")
    good = {
        "plain": whole,
        "custom": packed(program, dumps.read("postgres.dump")),
        "two-members": packed(program, plain[:half]) + packed(program, plain[half:]),
        "padded": whole + padding,
    }
    cuts = [1, 4, 30, len(whole) // 1000, len(whole) // 2, len(whole) * 9 // 10, len(whole) - 12]
    bad = {f"cut-by-{size}": whole[:-size] for size in cuts}
    for tenth in range(1, 10):
        at = len(whole) * tenth // 10
        bad[f"changed-at-{tenth}"] = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
    bad["one-member-of-two"] = packed(program, plain[:half])
    bad["a-cut-member"] = packed(program, plain[:half]) + packed(program, plain[half:])[:-100]
    bad["nothing"] = packed(program, b"")
    bad["something-behind"] = whole + b"and more"
    name = f"postgres.sql.{PACKERS[program]}"
    told = dumps.verdicts({folder: (name, data) for folder, data in {**good, **bad}.items()})
    wrong = [folder for folder in good if told[folder]["verdict"] != "recoverable"]
    wrong += [folder for folder in bad if (told[folder]["because"] or {}).get("reason") != "no_whole_backup"]
    assert not wrong, [told[folder]["sentence"] for folder in wrong]


def test_what_takes_more_memory_to_unpack_than_it_may_is_not_proven(dumps):
    dumps.dump("postgres.sql")
    plain = dumps.read("postgres.sql")
    long_window = subprocess.run(["zstd", "-c", "--long=27"], input=plain, capture_output=True, check=True, timeout=60).stdout
    contents = {"xz": ("postgres.sql.xz", packed("xz", plain)), "zstd": ("postgres.sql.zst", long_window)}
    for told in dumps.verdicts(contents, 'unpack_memory = "5MB"').values():
        assert_not(told, "unproven", "unknown")
        assert "it takes more than 4 MiB of memory to unpack ([[backup]] unpack_memory)" in told["because"]["text"]


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_what_pg_dump_17_has_compressed_itself_by_captured_dumps(dumps, compression):
    captured = os.path.join(os.path.dirname(__file__), "../fixtures/backups/pg_dump_17")
    for name in (f"custom_{compression}.dump", f"plain_{compression}.sql"):
        with open(os.path.join(captured, name), "rb") as file:
            data = file.read()
        cuts = {f"cut-by-{size}": ("postgres.x", data[:-size]) for size in (20, len(data) // 2)}
        told = dumps.verdicts({"whole": ("postgres.x", data), **cuts})
        assert_recoverable(told.pop("whole"))
        for each in told.values():
            assert_not(each, "no_whole_backup")
        shutil.rmtree(dumps.home)
        os.mkdir(dumps.home)
    folder = shutil.copytree(os.path.join(captured, f"directory_{compression}"), dumps.path("postgres"))
    dumps.globals()
    dumps.age()
    assert_recoverable(dumps.verdict())
    (data,) = glob.glob(f"{folder}/*.dat.*")
    for keep in (0.99, 0.5):
        dumps.cut(os.path.relpath(data, dumps.home), keep)
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


def test_a_folder_that_is_not_there(dumps):
    os.rmdir(dumps.home)
    assert_not(dumps.verdict(), "unreadable", "unknown")
    os.mkdir(dumps.home)
