"""A throw-away Postgres cluster of any major version, on the loopback address."""

import contextlib
import os
import signal
import subprocess

import psycopg2

from . import places
from .process import Process, children_of, is_alive, signal_if_alive
from .waiting import until

MAJORS = (13, 14, 15, 16, 17, 18)
DEBIAN_MAJOR = 15
PASSWORD = "correct-horse-battery"  # of role pgvigil; nowhere may it be seen
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 20,
    "shared_buffers": "16MB",
    "fsync": "off",
    "max_wal_senders": 4,
    "autovacuum_naptime": "1h",
    "log_min_messages": "warning",
}


def bin_folder(major):
    """Debian's own major, or the wrappers that tests/lib lays out for the others."""
    if major == DEBIAN_MAJOR:
        return f"/usr/lib/postgresql/{major}/bin"
    return os.path.join(os.environ.get("PGVIGIL_MAJORS", ""), str(major), "bin")


def available(major):
    return os.access(os.path.join(bin_folder(major), "postgres"), os.X_OK)


class Cluster:
    """One server. The superuser comes by the Unix socket without a password, everybody else by TCP with one."""

    def __init__(self, major=DEBIAN_MAJOR, settings=None, hba=None, auth_host="scram-sha-256", initdb=()):
        self.major = major
        self.home = places.new_folder(f"postgres{major}")
        self.data = os.path.join(self.home, "data")
        self.port = places.free_port()
        self._process = None
        try:
            self._create(auth_host, initdb)
            self.configure(settings or {})
            if hba is not None:
                self.write_hba(hba)
            self.start()
        except BaseException:
            self.remove()
            raise

    def _create(self, auth_host, options):
        self._as_server(
            [
                os.path.join(bin_folder(self.major), "initdb"),
                "--pgdata",
                self.data,
                "--username=postgres",
                "--auth-local=trust",
                f"--auth-host={auth_host}",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                *options,
            ]
        )

    def _as_server(self, words):
        ended = subprocess.run(
            [*places.as_server_user("KILL"), *words],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, f"{' '.join(words)}: {ended.stdout}{ended.stderr}"

    def configure(self, settings):
        """Appends to postgresql.conf; in force after a restart."""
        chosen = {**SETTINGS, "port": self.port, "unix_socket_directories": self.home, **settings}
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in chosen.items())

    def write_hba(self, text):
        with open(os.path.join(self.data, "pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write(text)

    # Starting and stopping

    def start(self, wait=True, within=()):
        """`within` is a command that runs it, such as env with variables."""
        self._process = Process(
            [
                *places.as_server_user("QUIT"),
                *within,
                os.path.join(bin_folder(self.major), "postgres"),
                "-D",
                self.data,
            ],
            os.path.join(self.home, "log"),
        )
        if wait:
            self._process.wait_started(lambda: self.value("select 1"), f"Postgres {self.major}")

    @property
    def pid(self):
        """The postmaster's."""
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            return int(file.readline())

    def running(self):
        return self._process is not None and self._process.running()

    def ask_to_stop(self, mode):
        """Begins a shutdown: smart, fast or immediate."""
        os.kill(self.pid, STOP_SIGNALS[mode])

    def stop(self, mode="fast", seconds=60):
        self.ask_to_stop(mode)
        self._process.wait(seconds)

    def wait_stopped(self, seconds):
        self._process.wait(seconds)

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def freeze(self):
        """SIGSTOP to every process of the server: it holds its sockets and says nothing."""
        for pid in [self.pid, *children_of(self.pid)]:
            signal_if_alive(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in [self.pid, *children_of(self.pid)]:
            signal_if_alive(pid, signal.SIGCONT)

    def remove(self):
        """Ends it at once and takes its folder away. May be called in any state."""
        if self.running():
            pids = [self._process.pid, *children_of(self._process.pid)]
            for pid in pids:
                signal_if_alive(pid, signal.SIGCONT)
            self._process.stop(signal.SIGQUIT)
            until(lambda: not any(is_alive(pid) for pid in pids), "the server's processes are gone", 20)
        places.remove_folder(self.home)

    def log_text(self):
        return self._process.text()

    # Talking to it

    def connect(self, database="postgres", user="postgres", autocommit=True, **more):
        """A session over the Unix socket."""
        session = psycopg2.connect(
            host=self.home, port=self.port, dbname=database, user=user, **{"application_name": "test", **more}
        )
        if autocommit:
            session.autocommit = True
        return session

    @contextlib.contextmanager
    def session(self, **choices):
        session = self.connect(**choices)
        try:
            yield session
        finally:
            session.close()

    def rows(self, sql, parameters=None, database="postgres", user="postgres"):
        with self.session(database=database, user=user) as session, session.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def run(self, sql, parameters=None, **choices):
        self.rows(sql, parameters, **choices)

    def value(self, sql, parameters=None, **choices):
        rows = self.rows(sql, parameters, **choices)
        return rows[0][0] if rows else None

    def create_role(self, name="pgvigil", password=PASSWORD, grant="pg_monitor", options=""):
        """A role that may log in; `grant` names the role it is a member of, or is None."""
        self.run(f'create role "{name}" login password %s {options}', (password,))
        if grant:
            self.run(f'grant {grant} to "{name}"')

    def dsn(self, user="pgvigil", password=PASSWORD, database="postgres", port=None, more=""):
        """A conninfo string for TCP; without the password when that is None."""
        secret = "" if password is None else f" password={password}"
        return f"host=127.0.0.1 port={port or self.port} user={user} dbname={database}{secret} {more}".strip()

    def uri(self, user="pgvigil", password=PASSWORD, database="postgres"):
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def sessions(self, user="pgvigil"):
        """Pids of the sessions that this user has now."""
        return [row[0] for row in self.rows("select pid from pg_stat_activity where usename = %s", (user,))]

    def terminate(self, user="pgvigil"):
        return self.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (user,))


class Standby(Cluster):
    """A streaming replica of a primary with a slot: a copy of its files, as not all majors come with pg_basebackup."""

    def __init__(self, primary, slot="standby_1"):
        self._primary = primary
        self._slot = slot
        super().__init__(primary.major)

    def _create(self, auth_host, options):
        begin, end = "pg_backup_start('standby', true)", "pg_backup_stop(false)"
        if self.major < 15:
            begin, end = "pg_start_backup('standby', true, false)", "pg_stop_backup(false, false)"
        with self._primary.session() as session, session.cursor() as cursor:
            cursor.execute("select pg_create_physical_replication_slot(%s, true)", (self._slot,))
            cursor.execute(f"select {begin}")
            # Before 15 files of pg_stat_tmp come and go meanwhile; a standby wants none of them.
            copy = 'errors=$(cp -a "$0" "$1" 2>&1 | grep -v /pg_stat_tmp/); [ -z "$errors" ] || { echo "$errors" >&2; exit 1; }'
            self._as_server(["sh", "-c", copy, self._primary.data, self.data])
            cursor.execute(f"select labelfile from {end}")
            self._write("backup_label", cursor.fetchone()[0])
        os.remove(os.path.join(self.data, "postmaster.pid"))
        self._as_server(["find", os.path.join(self.data, "pg_replslot"), "-mindepth", "1", "-delete"])
        self._write("standby.signal", "")

    def _write(self, name, text):
        """A file that the server will rename or remove."""
        path = os.path.join(self.data, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o666)

    def configure(self, settings):
        address = f"host={self._primary.home} port={self._primary.port} user=postgres"
        super().configure({"primary_conninfo": address, "primary_slot_name": self._slot, **settings})

    def promote(self):
        self.run("select pg_promote()")
