"""A pgBackRest repository of a throw-away cluster, on this machine and encrypted."""

import json
import os
import subprocess

from . import places


class Stanza:
    """`main`, of one cluster that archives into it."""

    def __init__(self, cluster):
        self.home = places.new_folder("pgbackrest")
        self.config = os.path.join(self.home, "pgbackrest.conf")
        self.cluster = cluster
        for name in ("repository", "log", "lock", "spool"):
            os.mkdir(os.path.join(self.home, name), 0o700)
            places.give_to_server_user(os.path.join(self.home, name))
        self.configure()
        cluster.stop()
        command = f"pgbackrest --config={self.config} --stanza=main archive-push %p"
        cluster.configure({"archive_mode": "on", "archive_command": command, "wal_level": "replica"})
        cluster.start()
        self.run("stanza-create")

    def configure(self, key="a passphrase of the repository"):
        """Writes the configuration, with this key."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(
                f"""[global]
repo1-path={self.home}/repository
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={key}
repo1-retention-full=5
log-path={self.home}/log
lock-path={self.home}/lock
spool-path={self.home}/spool
start-fast=y
[main]
pg1-path={self.cluster.data}
pg1-socket-path={self.cluster.home}
pg1-port={self.cluster.port}
pg1-user=postgres
"""
            )
        places.give_to_server_user(self.config)

    def run(self, *arguments):
        ended = subprocess.run(
            [
                *places.as_server_user("KILL"),
                *["pgbackrest", f"--config={self.config}", "--stanza=main", "--log-level-console=error"],
                *arguments,
            ],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, f"pgbackrest {' '.join(arguments)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def backups(self):
        """As `info` has them, oldest first."""
        return json.loads(self.run("--output=json", "info"))[0]["backup"]

    def remove(self):
        places.remove_folder(self.home)
