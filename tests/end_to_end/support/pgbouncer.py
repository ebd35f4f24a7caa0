"""Debian's PgBouncer before a cluster, in transaction mode, with its default settings otherwise."""

import os
import signal

import psycopg2

from . import places
from .process import Process


class PgBouncer:
    """Listens on `port`. `users`: those of userlist.txt, with their passwords; `settings`: of [pgbouncer]."""

    def __init__(self, cluster, users, settings=None):
        self.home = places.new_folder("pgbouncer")
        self.port = places.free_port()
        self._process = None
        try:
            self._write(
                "userlist.txt", "".join(f'"{name}" "{password}"\n' for name, password in users.items())
            )
            self._write(
                "pgbouncer.ini",
                f"""[databases]
postgres = host=127.0.0.1 port={cluster.port}
* = host=127.0.0.1 port={cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir = {self.home}
auth_type = scram-sha-256
auth_file = {self.home}/userlist.txt
pool_mode = transaction
"""
                + "".join(f"{name} = {value}\n" for name, value in (settings or {}).items()),
            )
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self):
        begun = len(self.log()) if self._process else 0
        self._process = Process(
            [
                *places.as_server_user("INT"),
                "/usr/sbin/pgbouncer",
                os.path.join(self.home, "pgbouncer.ini"),
            ],
            os.path.join(self.home, "log"),
        )
        self._process.wait_started(lambda: "process up" in self.log()[begun:], "PgBouncer")

    def stop(self):
        self._process.stop()

    def freeze(self):
        self._process.send(signal.SIGSTOP)

    def thaw(self):
        self._process.send(signal.SIGCONT)

    def console(self, command, user, password):
        """Runs a command on the admin console: its rows."""
        session = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname="pgbouncer", user=user, password=password
        )
        session.autocommit = True
        try:
            with session.cursor() as cursor:
                cursor.execute(command)
                return cursor.fetchall() if cursor.description else []
        finally:
            session.close()

    def _write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        places.give_to_server_user(path)
        os.chmod(path, 0o600)

    def log(self):
        return self._process.text()

    def remove(self):
        if self._process is not None:
            self.thaw()
            self._process.stop()
        places.remove_folder(self.home)
