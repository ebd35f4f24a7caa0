"""Debian's PgBouncer before a cluster, in transaction mode, with its default settings otherwise."""

import os

from . import places
from .process import Process


class PgBouncer:
    """Listens on `port`. `users`: those of userlist.txt, with their passwords."""

    def __init__(self, cluster, users):
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
* = host=127.0.0.1 port={cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir = {self.home}
auth_type = scram-sha-256
auth_file = {self.home}/userlist.txt
pool_mode = transaction
""",
            )
            self._process = Process(
                [
                    *places.as_server_user("INT"),
                    "/usr/sbin/pgbouncer",
                    os.path.join(self.home, "pgbouncer.ini"),
                ],
                os.path.join(self.home, "log"),
            )
            self._process.wait_started(lambda: "process up" in self.log(), "PgBouncer")
        except BaseException:
            self.remove()
            raise

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
            self._process.stop()
        places.remove_folder(self.home)
