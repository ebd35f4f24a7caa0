"""What the benchmarks run against: clusters with many tables or databases, and pgbench's light load."""

import os
import subprocess

from support.cluster import DEBIAN_MAJOR, bin_folder

ROLES = ("pgvigil", "exporter")  # one for each contender, so that the server tells their statements apart


def create_roles(cluster):
    cluster.run("create extension pg_stat_statements")
    for role in ROLES:
        cluster.create_role(role)


def create_tables(cluster, count, database="postgres"):
    """Tables of one row with three indexes each, used once, so that the server keeps statistics of all of them."""
    with cluster.session(database=database) as session, session.cursor() as cursor:
        for first in range(0, count, 200):
            cursor.execute("".join(
                f"create table t{i} (id int primary key, a int, b int);"
                f"create index on t{i} (a);create index on t{i} (b);insert into t{i} values (1, 2, 3);"
                for i in range(first, min(first + 200, count))))
            cursor.execute("".join(f"select * from t{i};" for i in range(first, min(first + 200, count))))
        cursor.execute("analyze")
        cursor.execute("checkpoint")


def create_databases(cluster, count, tables):
    """Databases d0, d1, ... with some tables each, all copies of the first."""
    cluster.run("create database d0")
    create_tables(cluster, tables, "d0")
    for i in range(1, count):
        cluster.run(f"create database d{i} template d0")


class Load:
    """pgbench: two clients, 20 transactions a second."""

    def __init__(self, cluster, scale):
        words = [os.path.join(bin_folder(DEBIAN_MAJOR), "pgbench"), "-h", cluster.home, "-p", str(cluster.port),
                 "-U", "postgres"]
        quiet = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*words, "-i", "-s", str(scale), "postgres"], check=True, **quiet)
        self._process = subprocess.Popen([*words, "-c", "2", "-R", "20", "-T", "86400", "postgres"], **quiet)

    def remove(self):
        self._process.terminate()
        self._process.wait()
