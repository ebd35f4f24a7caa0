"""Tables under ACCESS EXCLUSIVE: pgvigil waits for nobody and lets nobody wait for it."""

import threading

import pytest

from support.config import QUICK, custom_collector, every
from support.waiting import until

WAITING = """
select coalesce(max(extract(epoch from clock_timestamp() - l.waitstart)), 0)::float
  from pg_locks l join pg_stat_activity a using (pid)
 where not l.granted and a.usename = 'pgvigil'"""


@pytest.fixture
def server(making):
    server = making.cluster()
    server.run("create table locked (id int primary key, note text)")
    server.run("create table free (id int primary key, note text)")
    server.run("grant select on locked to pgvigil")
    server.run("create sequence altered as int; create sequence unaltered as int")
    server.run("grant select on sequence altered, unaltered to pgvigil")
    return server


@pytest.fixture
def agent(making, server):
    return making.agent_of(
        server,
        more=every(QUICK, "locks", "stat_user_tables", "statio_user_tables", "table_size", "database_size"),
        collectors={"reader": custom_collector("reader", "select count(*) as value from public.locked")},
    )


class LongestWait:
    """Samples how long pgvigil waits for locks, in the background."""

    def __init__(self, server):
        self.seconds, self.samples = 0.0, 0
        self._session = server.connect()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self):
        with self._session.cursor() as cursor:
            while not self._end.wait(0.02):
                cursor.execute(WAITING)
                self.seconds = max(self.seconds, cursor.fetchone()[0])
                self.samples += 1

    def stop(self):
        self._end.set()
        self._thread.join()
        self._session.close()


def size_of(agent, table):
    return agent.value("pg_stat_user_tables_table_size_bytes", relname=table)


def test_a_locked_table_is_skipped_and_everything_else_stays(server, agent):
    agent.wait_state("reader", "good")
    assert size_of(agent, "locked") is not None
    with server.session(autocommit=False) as session:
        session.cursor().execute("lock table locked in access exclusive mode")
        wait = LongestWait(server)
        try:
            agent.wait_value(1, "pgvigil_collector_skipped_relations", collector="table_size")
            assert size_of(agent, "locked") is None and size_of(agent, "free") is not None
            assert agent.value("pg_stat_user_tables_n_live_tup", relname="locked") is not None
            assert agent.value("pg_locks_count", datname="postgres", mode="accessexclusivelock") >= 1
            agent.wait_state("reader", "failed")
            assert (
                agent.value("pgvigil_collector_failures_total", collector="reader", kind="lock_timeout") >= 1
            )
            for name in ("locks", "stat_user_tables", "statio_user_tables", "table_size", "database_size"):
                assert agent.collector(name)["state"] == "good", name
            assert agent.value("pg_up") == 1
            assert agent.median_scrape_seconds() < 0.5
        finally:
            wait.stop()
        assert wait.samples > 20
        assert wait.seconds < 1, "the limit is 0.1 s; the rest is for a busy machine"
    until(lambda: size_of(agent, "locked") is not None, "the table is measured again", pause=0.5)
    agent.wait_state("reader", "good")


def test_an_awaited_lock_is_respected_like_a_granted_one(server, agent):
    with server.session(autocommit=False) as reader, server.session(autocommit=False) as writer:
        reader.cursor().execute("select count(*) from locked")
        waiting = threading.Thread(
            target=lambda: writer.cursor().execute("alter table locked add column more int"), daemon=True
        )
        waiting.start()
        agent.wait_value(1, "pgvigil_collector_skipped_relations", collector="table_size")
        assert size_of(agent, "free") is not None
        reader.rollback()
        waiting.join(30)
        assert not waiting.is_alive(), "the ALTER TABLE waits for pgvigil"
        writer.rollback()
    agent.wait_value(0, "pgvigil_collector_skipped_relations", collector="table_size")


def test_a_sequence_that_is_being_altered_is_skipped(server, making):
    agent = making.agent_of(server, more=every(QUICK, "sequences"))
    numbers = "pgvigil_sequence_numbers_left"
    assert agent.value(numbers, sequencename="altered") == agent.value(numbers, sequencename="unaltered") > 0
    with server.session(autocommit=False) as session:
        session.cursor().execute("alter sequence altered increment 2")
        agent.wait_value(1, "pgvigil_collector_skipped_relations", collector="sequences")
        assert agent.value(numbers, sequencename="altered") is None
        assert agent.value(numbers, sequencename="unaltered") > 0
        assert agent.collector("sequences")["state"] == "good"
        session.rollback()
    agent.wait_value(0, "pgvigil_collector_skipped_relations", collector="sequences")
