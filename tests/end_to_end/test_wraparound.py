"""Time left: how long the transaction ids of a server last, from how fast they are used up."""

import threading

import pytest

from support.cluster import DEBIAN_MAJOR
from support.config import every
from support.waiting import stays, until

NAME = "pgvigil_database_xid_seconds_left"
ALMOST_NEVER = 1e6  # seconds: a server that uses up ids this slowly has weeks


class Burner:
    """Uses up transaction ids until it is told to stop."""

    def __init__(self, cluster):
        self._stop = threading.Event()
        self._session = cluster.connect()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with self._session.cursor() as cursor:
            # Each iteration of the loop commits, and takes a new id.
            while not self._stop.is_set():
                cursor.execute("do $$ begin for i in 1..200 loop perform txid_current(); commit; end loop; end $$")

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._session.close()


@pytest.fixture
def server(making):
    return making.cluster(DEBIAN_MAJOR)


def test_the_time_to_wraparound_is_told_while_ids_are_used_up(making, server):
    agent = making.agent_of(server, more=every("1s", "database_wraparound"))
    left = lambda: agent.value(NAME, datname="postgres")
    stays(lambda: left() is None, "nothing is used up: there is no end in sight", 3)
    burner = Burner(server)
    try:
        seconds = until(lambda: (left() or ALMOST_NEVER) < ALMOST_NEVER and left(), "the end is in sight", pause=0.5)
    finally:
        burner.stop()
    # The least and the most that it can be: at one id a second, and at a million.
    assert 2**31 / 1e6 < seconds < 2**31
    families = agent.scrape()
    ages = {labels["datname"]: families.value(NAME, **labels) for labels in families[NAME].label_sets()}
    assert set(ages) == {"postgres", "template0", "template1"}
    assert "next_xid" not in " ".join(families), "what the rate is made of is not published"
    # Nothing goes on: the mean over the window falls, and the time left grows.
    until(lambda: left() > seconds, "it grows again", pause=0.5)


def test_a_restart_begins_the_rate_anew(making, server):
    agent = making.agent_of(server, more=every("1s", "database_wraparound"))
    burner = Burner(server)
    until(lambda: agent.value(NAME, datname="postgres"), "the end is in sight", pause=0.5)
    burner.stop()
    server.restart()
    until(lambda: agent.value("pg_up") == 1 and agent.value(NAME, datname="postgres") is None, "nothing is used up",
          pause=0.5)
    assert agent.value("pgvigil_database_xid_age", datname="postgres") is not None
