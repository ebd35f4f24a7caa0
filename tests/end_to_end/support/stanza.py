"""A stanza of the real pgBackRest: a small cluster that archives into a repository on disk."""

import contextlib
import glob
import json
import os
import subprocess

from . import places
from .agent import command
from .config import config, toml_string

PROGRAM = "pgbackrest"


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    places.give_to_server_user(path)


class Stanza:
    """Everything runs as the user of the server, pgBackRest as pgvigil calls it included."""

    name = "main"

    def __init__(self, making, repository=None, initdb=()):
        self.home = places.new_folder("pgbackrest")
        self.repository = repository or os.path.join(self.home, "repo")
        self.config_file = os.path.join(self.home, "pgbackrest.conf")
        self.program = os.path.join(self.home, "pgbackrest")
        user = " ".join(places.as_server_user("KILL"))
        write(self.program, f'#!/bin/sh\ncd /\nexec {user} {PROGRAM} "$@"\n', 0o755)
        archive = f"{PROGRAM} --config={self.config_file} --stanza={self.name} archive-push %p"
        self.cluster = making.cluster(
            settings={"archive_mode": "on", "archive_command": archive, "wal_level": "replica"}, initdb=initdb
        )
        for folder in ("lock", "spool", "drills"):
            os.mkdir(os.path.join(self.home, folder))
            places.give_to_server_user(os.path.join(self.home, folder))
        write(self.config_file, self.settings())

    def settings(self, more=""):
        return "\n".join(
            [
                "[global]",
                f"repo1-path={self.repository}",
                "repo1-retention-full=9",
                f"lock-path={self.home}/lock",
                f"spool-path={self.home}/spool",
                "log-level-file=off",
                "compress-type=lz4",
                "start-fast=y",
                "archive-timeout=10",
                more,
                f"[{self.name}]",
                f"pg1-path={self.cluster.data}",
                f"pg1-socket-path={self.cluster.home}",
                f"pg1-port={self.cluster.port}",
                "",
            ]
        )

    def remove(self):
        places.remove_folder(self.home)

    def run(self, *words, check=True):
        ended = subprocess.run(
            [self.program, f"--config={self.config_file}", f"--stanza={self.name}", *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or ended.returncode == 0, ended.stdout + ended.stderr
        return ended

    def create(self):
        self.run("stanza-create")

    def backup(self, kind, *more, **choices):
        return self.run("backup", f"--type={kind}", *more, **choices)

    def archive_one(self):
        """Fills a segment and waits until it is in the archive."""
        segment = self.cluster.value("select pg_walfile_name(pg_current_wal_lsn())")
        self.cluster.run("create table if not exists filler(n int)")
        self.cluster.run("select pg_switch_wal()")
        self.run("check")
        return segment

    def archived(self, segment="*"):
        return sorted(glob.glob(f"{self.repository}/archive/{self.name}/*/*/{segment}-*"))

    @contextlib.contextmanager
    def away(self, *paths):
        """They are not where they were."""
        places_away = [os.path.join(self.home, f"away-{os.path.basename(path)}") for path in paths]
        for path, place in zip(paths, places_away):
            os.rename(path, place)
        try:
            yield
        finally:
            for path, place in zip(paths, places_away):
                os.rename(place, path)

    def section(self, policy="", **other):
        keys = {
            "tool": "pgbackrest",
            "stanza": self.name,
            "program": self.program,
            "config_file": self.config_file,
            "drills": os.path.join(self.home, "drills"),
            **other,
        }
        lines = [f"{key} = {toml_string(value)}" for key, value in keys.items()]
        return "\n".join(["[[backup]]", *lines, f"policy = {{ {policy} }}", ""])

    def verdict(self, policy="", **other):
        return verdicts(config(self.cluster, more=self.section(policy, **other)))[0]


def verdicts(text, env=None):
    """What `pgvigil backup status` says, and that its exit status says the same."""
    folder = places.new_folder("status")
    try:
        path = os.path.join(folder, "pgvigil.toml")
        write(path, text)
        ended = command("backup", "status", "--format", "json", "--config", path, env=env)
        assert ended.returncode in (0, 1, 2), ended.stderr
        told = json.loads(ended.stdout)
        words = {each["verdict"] for each in told}
        expected = 1 if "not_recoverable" in words else 2 if "unknown" in words else 0
        assert ended.returncode == expected
        return told
    finally:
        places.remove_folder(folder)


def assert_recoverable(verdict, findings=()):
    """With these findings; that tests keep everything on one volume is none."""
    assert (verdict["verdict"], verdict["because"]) == ("recoverable", None)
    assert [each["reason"] for each in verdict["findings"] if each["reason"] != "same_volume"] == list(findings)


def assert_not(verdict, reason, word="not_recoverable"):
    assert verdict["verdict"] == word
    assert verdict["because"]["reason"] == reason
    assert verdict["because"]["text"] and verdict["because"]["way_out"]
