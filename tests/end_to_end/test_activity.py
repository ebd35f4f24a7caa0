"""Sessions, their ages, who holds back vacuum, and who waits for whom: made on purpose, on every major."""

import contextlib
import json
import threading

import psycopg2
import pytest

from support.agent import command
from support.cluster import DEBIAN_MAJOR, MAJORS
from support.config import QUICK, every
from support.waiting import until

COLLECTORS = (
    "activity",
    "activity_ages",
    "connections",
    "lock_table",
    "lock_waits",
    "prepared_transactions",
    "xmin_horizon",
)


@pytest.fixture(scope="module", params=MAJORS)
def server(shared, request):
    server = shared.cluster(request.param, settings={"max_prepared_transactions": 5})
    server.run("create table orders (id int primary key, note text)")
    server.run("insert into orders values (1, 'one'), (2, 'two')")
    server.run("create role app login password 'app' connection limit 7")
    server.run("grant all on orders to app")
    return server


@pytest.fixture
def agent(server, making):
    return making.agent_of(server, more=every(QUICK, *COLLECTORS))


@contextlib.contextmanager
def open_transaction(server, sql, name="test", user="postgres"):
    """A session that has run `sql` and does nothing in its transaction."""
    session = server.connect(autocommit=False, user=user)
    try:
        session.cursor().execute(f"set application_name = '{name}'")
        session.cursor().execute(sql)
        yield session
    finally:
        session.rollback()
        session.close()


class Waiter:
    """A session whose statement waits for a lock."""

    def __init__(self, server, sql, name):
        self._server = server
        self._session = server.connect(autocommit=False)
        self._session.cursor().execute(f"set application_name = '{name}'")
        self._thread = threading.Thread(target=self._run, args=(sql,), daemon=True)
        self._thread.start()
        until(self.waits, f"{name} waits")

    def _run(self, sql):
        with contextlib.suppress(psycopg2.Error):
            self._session.cursor().execute(sql)

    @property
    def pid(self):
        return self._session.get_backend_pid()

    def waits(self):
        return self._server.value(
            "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'", (self.pid,)
        )

    def end(self):
        self._session.cancel()
        self._thread.join(30)
        self._session.close()


@pytest.fixture
def queue(server):
    """A root that idles in its transaction, one behind it, two behind that one: readers wait for the writer only."""
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(open_transaction(server, "select * from orders", "root 123", user="app"))
        waiters = []
        for sql, name in (
            ("alter table orders add column more int", "migration"),
            ("select * from orders", "reader"),
            ("select * from orders", "reader"),
        ):
            waiters.append(Waiter(server, sql, name))
            stack.callback(waiters[-1].end)
        yield root, waiters
        root.rollback()


@pytest.mark.usefixtures("queue")
def test_the_root_of_a_queue_is_named_and_all_behind_it_are_counted(agent):
    agent.wait_value(3, "pgvigil_blocking_root_blocked_sessions")
    agent.wait_value(3, "pgvigil_lock_waiting_sessions", datname="postgres")
    families = agent.scrape()
    root = {
        "datname": "postgres",
        "usename": "app",
        "application_name": "root #",
        "state": "idle in transaction",
    }
    assert families.value("pgvigil_blocking_root_blocked_sessions", **root) == 3
    assert families.value("pgvigil_blocking_root_blocked_directly", **root) == 1
    assert families.value("pgvigil_blocking_roots") == 1
    assert families.value("pgvigil_blocking_depth") == 2
    assert families.value("pgvigil_lock_waiting_sessions", datname="postgres") == 3
    longest = families.value("pgvigil_longest_lock_wait_seconds", datname="postgres")
    assert 0 < longest == families.value("pgvigil_blocking_root_longest_wait_seconds", **root)
    assert families.value("pgvigil_blocking_root_transaction_seconds", **root) >= longest
    agent.wait_value(
        1,
        "pgvigil_locks",
        datname="postgres",
        mode="accessexclusivelock",
        locktype="relation",
        granted="false",
    )
    agent.wait_value(3, "pgvigil_session_waits", wait_event_type="Lock", wait_event="relation")


def test_the_tree_is_printed_from_its_root_down(server, queue):
    root, waiters = queue
    printed = command("collect", "blocking_tree", "--format", "json", env={"DATA_SOURCE_NAME": server.dsn()})
    assert printed.returncode == 0, printed.stderr
    pids = [str(root.get_backend_pid()), *(str(one.pid) for one in waiters)]
    shown = {pid: (parent, depth) for pid, parent, depth in tree_of(json.loads(printed.stdout))}
    assert shown == {
        pids[0]: ("", "0"),
        pids[1]: (pids[0], "1"),
        pids[2]: (pids[1], "2"),
        pids[3]: (pids[1], "2"),
    }


def tree_of(printed):
    names = [column["name"] for column in printed["columns"]]
    places = [names.index(name) for name in ("pid", "blocked_by", "depth")]
    return [tuple(row[place] for place in places) for row in printed["rows"]]


def test_a_prepared_transaction_can_be_the_root(server, agent):
    with open_transaction(server, "lock table orders in access exclusive mode") as session:
        session.cursor().execute("prepare transaction 'forgotten'")
        waiter = Waiter(server, "select * from orders", "reader")
        try:
            agent.wait_value(1, "pgvigil_blocking_root_blocked_sessions", state="prepared")
            agent.wait_value(1, "pgvigil_prepared_transactions", datname="postgres")
            assert agent.value("pgvigil_prepared_transaction_oldest_seconds", datname="postgres") > 0
            until(
                lambda: agent.value("pgvigil_xmin_horizon_age", holder="prepared", usename="postgres") >= 1,
                "it holds the horizon",
                pause=0.3,
            )
        finally:
            server.run("rollback prepared 'forgotten'")
            waiter.end()
    agent.wait_value(0, "pgvigil_blocking_roots")
    agent.wait_value(None, "pgvigil_prepared_transactions", datname="postgres")
    assert agent.value("pgvigil_longest_lock_wait_seconds", datname="postgres") is None
    assert agent.value("pgvigil_blocking_depth") == 0


def test_idle_in_transaction_is_told_with_its_age_and_as_holder_of_the_horizon(server, agent):
    app = {"datname": "postgres", "usename": "app", "application_name": "job-#"}
    with open_transaction(server, "update orders set note = 'held' where id = 1", "job-42", user="app"):
        for _ in range(10):
            server.run("select txid_current()")
        agent.wait_value(1, "pgvigil_sessions", state="idle in transaction", **app)
        until(
            lambda: agent.value(
                "pgvigil_xmin_horizon_age", holder="session", usename="app", holder_name="job-#"
            )
            >= 10,
            "the horizon is held",
            pause=0.5,
        )
        until(
            lambda: agent.value("pgvigil_database_oldest_idle_in_transaction_seconds", datname="postgres")
            > 1,
            "the age grows",
            pause=0.5,
        )
        until(
            lambda: agent.value("pgvigil_database_oldest_snapshot_age", datname="postgres") >= 10,
            "the snapshot ages",
            pause=0.5,
        )
        families = agent.scrape()
        idle = families.value("pgvigil_database_oldest_idle_in_transaction_seconds", datname="postgres")
        assert families.value("pgvigil_database_oldest_transaction_seconds", datname="postgres") >= idle
        assert families.value("pgvigil_database_oldest_session_seconds", datname="postgres") >= idle
        assert families.value("pgvigil_session_state_age_seconds", state="idle in transaction") == idle
        assert families.value("pgvigil_xmin_horizon_held_seconds", holder="session", holder_name="job-#") > 0
        assert families.value("pgvigil_long_transactions", datname="postgres", longer_than="1m") == 0
    agent.wait_value(None, "pgvigil_xmin_horizon_age", holder="session")
    agent.wait_value(None, "pgvigil_database_oldest_transaction_seconds", datname="postgres")


def test_connections_are_counted_against_the_limits(server, agent):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(server.session(user="app"))
        agent.wait_value(3, "pgvigil_role_connections", rolname="app")
        families = agent.scrape()
        assert families.value("pgvigil_role_connections_max", rolname="app") == 7
        assert families.value("pgvigil_client_connections_max") == 20
        assert families.value("pgvigil_client_connections_reserved") == 3
        assert 4 <= families.value("pgvigil_client_connections") <= 20
        assert families.value("pgvigil_lock_table_capacity") == 64 * 25
    agent.wait_value(0, "pgvigil_role_connections", rolname="app")


def test_many_application_names_make_few_series(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"max_connections": 120})
    agent = making.agent_of(server, more=every(QUICK, "activity"))
    with contextlib.ExitStack() as stack:
        for number in range(90):
            session = stack.enter_context(server.session())
            session.cursor().execute(
                f"set application_name = '{chr(65 + number // 26)}{chr(65 + number % 26)}'"
            )

        def idle():
            samples = agent.scrape()["pgvigil_sessions"].samples
            assert len(samples) <= 60 + 10
            return sum(value for (_, labels), value in samples.items() if ("state", "idle") in labels)

        until(lambda: idle() >= 90, "every session is counted", pause=0.5)
        assert agent.value("pgvigil_sessions", application_name="other", state="idle") > 20
