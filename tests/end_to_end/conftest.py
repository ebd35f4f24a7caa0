"""What tests share: factories that clean up, and a server for those that only read from it."""

import contextlib
import os
import signal

import pytest

from support.agent import Agent, binary
from support.cluster import DEBIAN_MAJOR, Cluster, Standby, available
from support.config import config
from support.pgbouncer import PgBouncer
from support.pgpool import Pgpool


def pytest_sessionstart(session):  # pylint: disable=unused-argument
    """Without the program nothing here means anything. SIGTERM ends the tests like Ctrl-C: they clean up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not os.access(binary(), os.X_OK):
        pytest.exit(f"there is no pgvigil at {binary()}: name it in PGVIGIL", returncode=2)


class Making:
    """Makes servers and agents, and takes all of them away in the opposite order."""

    def __init__(self, stack):
        self._stack = stack

    def keep(self, thing):
        self._stack.callback(thing.remove)
        return thing

    def cluster(self, major=DEBIAN_MAJOR, role=True, **choices):
        if not available(major):
            pytest.fail(
                f"there is no Postgres {major}: tests/lib/postgres_majors brings it, PGVIGIL_MAJORS names it"
            )
        cluster = self.keep(Cluster(major, **choices))
        if role:
            cluster.create_role()
        return cluster

    def standby(self, primary):
        return self.keep(Standby(primary))

    def agent(self, *arguments, **choices):
        return self.keep(Agent(*arguments, **choices))

    def agent_of(self, cluster, server="", more="", dsn=None, **choices):
        """An agent with a configuration that watches the cluster."""
        return self.agent(config(cluster, dsn, server, more), **choices)

    def pgbouncer(self, cluster, users, **choices):
        return self.keep(PgBouncer(cluster, users, **choices))

    def pgpool(self, cluster):
        return self.keep(Pgpool(cluster))


@pytest.fixture
def making():
    """Things that live for one test."""
    with contextlib.ExitStack() as stack:
        yield Making(stack)


@pytest.fixture(scope="module")
def shared():
    """Things that live for one file."""
    with contextlib.ExitStack() as stack:
        yield Making(stack)


@pytest.fixture(scope="module")
def cluster(shared):
    """A server of Debian's version with role pgvigil and a table; tests leave it as it is."""
    server = shared.cluster(settings={"shared_preload_libraries": "pg_stat_statements"})
    server.run("create extension pg_stat_statements")
    server.run("create table orders (id int primary key, note text)")
    server.run("insert into orders select i, 'note ' || i from generate_series(1, 1000) i")
    server.run("vacuum analyze orders")
    return server
