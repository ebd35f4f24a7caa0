"""A real Patroni with a real etcd: one DCS, and members that it makes a cluster of."""

import contextlib
import json
import os
import signal
import urllib.request

import psycopg2

from . import places
from .cluster import DEBIAN_MAJOR, PASSWORD, SETTINGS, bin_folder
from .process import Process, signal_if_alive
from .waiting import until

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Etcd:
    """The DCS, of one node."""

    def __init__(self):
        self.home = places.new_folder("etcd")
        self.port = places.free_port()
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{places.free_port()}"
        self._process = Process(
            ["setpriv", "--pdeathsig", "KILL", "etcd", "--data-dir", os.path.join(self.home, "data"), "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", f"default={peer}"],
            os.path.join(self.home, "log"), env={"PATH": os.environ["PATH"]})
        try:
            self._process.wait_started(lambda: b"true" in _direct.open(f"{client}/health", timeout=5).read(), "etcd")
        except BaseException:
            self.remove()
            raise

    def freeze(self):
        self._process.send(signal.SIGSTOP)

    def thaw(self):
        self._process.send(signal.SIGCONT)

    def remove(self):
        self._process.stop()
        places.remove_folder(self.home)


class Member:
    """Patroni and the Postgres that it runs; begun, but not waited for."""

    def __init__(self, etcd, name, **tags):
        self.name = name
        self.home = places.new_folder(f"patroni-{name}")
        self.port, self.api_port = places.free_port(), places.free_port()
        file = os.path.join(self.home, "patroni.yml")
        with open(file, "w", encoding="utf-8") as out:
            json.dump(self._configuration(etcd, tags), out)  # YAML it is, too
        places.give_to_server_user(file)
        self._process = Process([*places.as_server_user("TERM"), "/usr/bin/patroni", file], os.path.join(self.home, "log"),
                                env={"PATH": os.environ["PATH"], "HOME": self.home, "LC_ALL": "C.UTF-8"}, cwd=self.home)

    def _configuration(self, etcd, tags):
        trust = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        parameters = {key: value for key, value in SETTINGS.items() if key != "listen_addresses"}
        return {
            "scope": "main",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api_port}", "connect_address": f"127.0.0.1:{self.api_port}"},
            "etcd3": {"host": f"127.0.0.1:{etcd.port}"},
            "bootstrap": {
                # The shortest that it takes.
                "dcs": {"ttl": 20, "loop_wait": 1, "retry_timeout": 3, "postgresql": {"parameters": parameters}},
                "initdb": ["no-sync", {"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": self.data,
                "bin_dir": bin_folder(DEBIAN_MAJOR),
                "pgpass": os.path.join(self.home, "pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "postgres"}},
                "parameters": {"unix_socket_directories": self.home},
                "pg_hba": trust,
            },
            "tags": tags,
            "watchdog": {"mode": "off"},
        }

    @property
    def data(self):
        return os.path.join(self.home, "data")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    def get(self, path):
        return _direct.open(self.url + path, timeout=10).read().decode()

    def patch(self, **changes):
        """Changes the dynamic configuration of the cluster, as patronictl does."""
        _direct.open(urllib.request.Request(self.url + "/config", json.dumps(changes).encode(), method="PATCH"), timeout=20).read()

    def wait(self, role):
        """Until it runs as the primary ("master") or as a replica that streams."""
        def there():
            shown = json.loads(self.get("/patroni"))
            return shown["state"] == "running" and shown["role"] == role
        self._process.wait_started(there, f"Patroni {self.name}", 120)

    def run(self, sql):
        with contextlib.closing(psycopg2.connect(host=self.home, port=self.port, user="postgres", dbname="postgres")) as session:
            session.autocommit = True
            session.cursor().execute(sql)

    def dsn(self):
        return f"host=127.0.0.1 port={self.port} user=pgvigil dbname=postgres password={PASSWORD}"

    def _postmaster(self):
        """Its pid, for it is no child of Patroni; nothing when it does not run."""
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
                return int(file.readline())
        except OSError:
            return None

    def kill(self):
        """As a machine dies: Patroni first, so that nobody starts Postgres again."""
        self._process.send(signal.SIGKILL)
        self._process.wait()
        self._end_postgres(signal.SIGKILL)

    def _end_postgres(self, number):
        pid = self._postmaster()
        if pid is None or not self._is_ours(pid):
            return
        children = [int(word) for word in open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8").read().split()]
        for one in [pid, *children]:
            signal_if_alive(one, number)
        until(lambda: not self._is_ours(pid), "Postgres has ended")

    def _is_ours(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                return self.data in file.read()
        except OSError:
            return False

    def remove(self):
        self._process.stop(seconds=30)
        self._end_postgres(signal.SIGKILL)
        places.remove_folder(self.home)
