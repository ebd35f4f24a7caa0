"""deploy/backup's programs with settings and a folder of their own, run as the user that runs servers."""

import json
import os
import shutil
import subprocess

from . import places
from .cluster import bin_folder
from .process import Process

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../deploy/backup"))


class BackupScripts:
    """`backups` holds the sets and the drills' results; every setting may be given by its name, in any case."""

    def __init__(self, cluster, **settings):
        self.home = places.new_folder("backup-scripts")
        self._programs = self._install()
        self.backups = self.folder("backups")
        self._environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": self.home,
            "TMPDIR": self.folder("tmp"),
            "PGHOST": cluster.home,
            "PGPORT": str(cluster.port),
            "PGUSER": "postgres",
            "PGVIGIL_PG_BIN": bin_folder(cluster.major),
            "PGVIGIL_BACKUP_DIR": self.backups,
            "PGVIGIL_METRICS_DIR": self.folder("metrics"),
            "PGVIGIL_DRILL_SCRATCH": self.folder("scratch"),
            "PGVIGIL_DRILL_OPTIONS": "fsync=off",
            "PGVIGIL_DRILL_NICE": "0",
        }
        self.set(**settings)

    def _install(self):
        """A copy that the server's user may read, wherever the checkout lies."""
        copy = shutil.copytree(FOLDER, os.path.join(self.home, "scripts"))
        for folder, _, names in os.walk(copy):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                os.chmod(path, 0o755)
        return copy

    def folder(self, name):
        """A folder of this name that the server's user owns."""
        path = os.path.join(self.home, name)
        os.mkdir(path, 0o700)
        places.give_to_server_user(path)
        return path

    def set(self, **settings):
        self._environment.update({name.upper(): str(value) for name, value in settings.items()})

    def unset(self, name):
        self._environment.pop(name)

    def _environment_with(self, settings):
        return {**self._environment, **{name.upper(): str(value) for name, value in settings.items()}}

    def run(self, program, *arguments, before=(), within=(), as_root=False, expect=0, **settings):
        """Runs it to its end, and fails where its status is not the expected one. What it printed comes back.

        `before` and `within` are commands that run it, the second as the user of the server.
        """
        user = [] if as_root else places.as_server_user("KILL")
        ended = subprocess.run(
            [*before, *user, *within, os.path.join(self._programs, program), *arguments],
            env=self._environment_with(settings),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == expect, f"{program} ended with {ended.returncode}:\n{ended.stderr}"
        return ended

    def start(self, program, *arguments, **settings):
        """The same, not waited for."""
        words = [*places.as_server_user("CONT"), os.path.join(self._programs, program), *arguments]
        return Process(words, os.path.join(self.home, "log"), env=self._environment_with(settings))

    # What they leave

    def sets(self):
        """Names of the published sets, oldest first."""
        return sorted(name for name in os.listdir(self.backups) if name[0].isdigit())

    def hidden(self):
        """Drafts and what is being removed."""
        return [name for name in os.listdir(self.backups) if name[0] == "." and name != ".lock"]

    def path(self, *names):
        return os.path.join(self.backups, *names)

    def manifest(self, name=None):
        with open(self.path(name or self.sets()[-1], "manifest.json"), encoding="utf-8") as file:
            return json.load(file)

    def drills(self):
        """The results, oldest first."""
        folder = self.path("drills")
        results = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(".json"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    results.append(json.load(file))
        return results

    def metrics(self, name):
        """Name of a sample with its labels -> value."""
        with open(os.path.join(self.home, "metrics", name), encoding="utf-8") as file:
            lines = [line.rsplit(" ", 1) for line in file if not line.startswith("#")]
        return {sample: float(value) for sample, value in lines}

    def temporary(self):
        """What lies in the folders for what must not outlive a run."""
        return os.listdir(os.path.join(self.home, "tmp")) + os.listdir(os.path.join(self.home, "scratch"))

    def program(self, name, text):
        """Puts a shell script of this name before the real one, which is `$REAL` in it. The folder comes back.

        What its version is, the real one answers.
        """
        folder = os.path.join(self.home, "programs")
        os.makedirs(folder, exist_ok=True)
        real = os.path.join(self._environment["PGVIGIL_PG_BIN"], name)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/bash\nREAL={real}\nSTARTED={self.home}/tmp/started\n")
            file.write(f'[[ ${{1-}} != --version ]] || exec "$REAL" "$@"\n{text}\n')
        os.chmod(file.name, 0o755)
        return folder

    def remove(self):
        places.remove_folder(self.home)
