"""The real Barman beside a small cluster that hands it its WAL."""

import os
import subprocess

from . import places
from .cluster import DEBIAN_MAJOR, bin_folder
from .config import config, toml_string
from .stanza import verdicts, write


class Barman:
    """Everything runs as the user of the server."""

    name = "main"

    def __init__(self, making):
        self.home = places.new_folder("barman")
        self.wals = os.path.join(self.home, self.name, "wals")
        incoming = os.path.join(self.home, self.name, "incoming")
        self.cluster = making.cluster(
            settings={
                "archive_mode": "on",
                "archive_command": f"test -d {incoming} && cp %p {incoming}/%f",
                "wal_level": "replica",
            }
        )
        self.config_file = os.path.join(self.home, "barman.conf")
        self.program = os.path.join(self.home, "barman")
        user = " ".join(places.as_server_user("KILL"))
        write(self.program, f'#!/bin/sh\ncd /\nexport HOME={self.home}\nexec {user} barman "$@"\n', 0o755)
        connection = f"host={self.cluster.home} port={self.cluster.port} user=postgres dbname=postgres"
        write(
            self.config_file,
            f"""[barman]
barman_home = {self.home}
barman_user = {places.server_user()}
log_file = {self.home}/barman.log
configuration_files_directory = {self.home}/none
[{self.name}]
description = "main"
conninfo = {connection}
streaming_conninfo = {connection}
backup_method = postgres
archiver = on
path_prefix = {bin_folder(DEBIAN_MAJOR)}
""",
        )

    def remove(self):
        places.remove_folder(self.home)

    def run(self, *words, check=True):
        ended = subprocess.run(
            [self.program, "-c", self.config_file, *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or ended.returncode == 0, ended.stdout + ended.stderr
        return ended

    def archive(self):
        """Hands over the segment that is being written, and returns its name."""
        segment = self.cluster.value("select pg_walfile_name(pg_current_wal_lsn())")
        self.cluster.run("create table if not exists filler(n int); insert into filler values (1)")
        self.run("switch-wal", "--archive", "--archive-timeout=20", self.name)
        return segment

    def verdict(self, policy=""):
        keys = {"tool": "barman", "stanza": self.name, "program": self.program, "config_file": self.config_file}
        lines = [f"{key} = {toml_string(value)}" for key, value in keys.items()]
        section = "\n".join(["[[backup]]", *lines, f"policy = {{ {policy} }}", ""])
        return verdicts(config(self.cluster, more=section))[0]
