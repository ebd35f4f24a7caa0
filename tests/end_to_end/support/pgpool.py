"""Debian's pgpool-II before a cluster that trusts those who come from the loopback address."""

import os
import signal

import psycopg2

from . import places
from .process import Process

PROCESSES = 4


class Pgpool:
    """Listens on `port`, with PROCESSES processes."""

    def __init__(self, cluster):
        self.home = places.new_folder("pgpool")
        self.port = places.free_port()
        self._process = None
        try:
            self._write("pcp.conf", "")
            self._write(
                "pgpool.conf",
                f"""backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = {self.port}
socket_dir = '{self.home}'
pcp_socket_dir = '{self.home}'
pcp_port = {places.free_port()}
backend_hostname0 = '127.0.0.1'
backend_port0 = {cluster.port}
backend_weight0 = 1
backend_data_directory0 = '{cluster.data}'
num_init_children = {PROCESSES}
pid_file_name = '{self.home}/pid'
logdir = '{self.home}'
sr_check_period = 0
health_check_period = 1
health_check_user = 'postgres'
enable_pool_hba = off
""",
            )
            self._process = Process(
                [
                    *places.as_server_user("INT"),
                    "/usr/sbin/pgpool",
                    "-n",
                    "-f",
                    os.path.join(self.home, "pgpool.conf"),
                    "-F",
                    os.path.join(self.home, "pcp.conf"),
                ],
                os.path.join(self.home, "log"),
            )
            self._process.wait_started(self._answers, "pgpool-II")
        except BaseException:
            self.remove()
            raise

    def dsn(self, user="postgres", database="postgres"):
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database}"

    def _answers(self):
        try:
            psycopg2.connect(self.dsn()).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        places.give_to_server_user(path)

    def log(self):
        return self._process.text()

    def remove(self):
        if self._process is not None:
            self._process.stop(signal.SIGINT)
        places.remove_folder(self.home)
