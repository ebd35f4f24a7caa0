"""Statements: what each costs, on every version of the extension, with totals that stay true."""

import threading

import pytest

from support.agent import command
from support.cluster import DEBIAN_MAJOR, MAJORS
from support.config import every
from support.waiting import until

QUICK = every("1s", "statements")
PRELOADED = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}

PEER = {"pg_stat_statements_calls_total", "pg_stat_statements_seconds_total", "pg_stat_statements_rows_total",
        "pg_stat_statements_block_read_seconds_total", "pg_stat_statements_block_write_seconds_total"}
OWN = {f"pgvigil_statement_{name}_total" for name in (
    "plans", "plan_seconds", "shared_blocks_hit", "shared_blocks_read", "shared_blocks_dirtied", "shared_blocks_written",
    "local_blocks_read", "local_blocks_written", "temp_blocks_read", "temp_blocks_written", "wal_records",
    "wal_full_page_images", "wal_bytes", "time_squares")}
# What came with a major, and thereby with its version of the extension.
SINCE = {
    15: {f"pgvigil_statement_{name}_total" for name in (
        "temp_block_read_seconds", "temp_block_write_seconds", "jit_functions", "jit_seconds")},
    17: {f"pgvigil_statement_local_block_{name}_seconds_total" for name in ("read", "write")},
    18: {f"pgvigil_statement_{name}_total" for name in (
        "parallel_workers_planned", "parallel_workers_launched", "wal_buffers_full")},
}


def prepared(making, major, schema="public"):
    server = making.cluster(major, settings=PRELOADED)
    if schema != "public":
        server.run(f'create schema "{schema}"')
    server.run(f'create extension pg_stat_statements schema "{schema}"')
    return server


def queryid(server, like):
    return str(server.value("select queryid from pg_stat_statements where query like %s", (like,)))


@pytest.mark.parametrize("major", MAJORS)
def test_statements_of_every_version_of_the_extension(making, major):
    server = prepared(making, major)
    server.run("create table orders (id int)")
    for number in range(7):
        server.run("insert into orders select i from generate_series(1, 100 + %s) i", (number,))
    agent = making.agent_of(server, more=QUICK)
    assert agent.collector("statements")["state"] == "good", agent.collector("statements")
    which = {"queryid": queryid(server, "insert into orders%"), "datname": "postgres", "user": "postgres"}
    families = agent.scrape()
    assert families.value("pg_stat_statements_calls_total", **which) == 7
    assert families.value("pg_stat_statements_rows_total", **which) == sum(100 + number for number in range(7))
    assert families.value("pg_stat_statements_seconds_total", **which) == pytest.approx(
        server.value("select sum(total_exec_time) / 1000 from pg_stat_statements where query like 'insert into orders%'"))
    assert families.value("pgvigil_statement_time_squares_total", **which) == pytest.approx(server.value(
        "select calls * (mean_exec_time ^ 2 + stddev_exec_time ^ 2) / 1e6"
        "  from pg_stat_statements where query like 'insert into orders%'"))
    assert families.value("pgvigil_statement_wal_bytes_total", **which) > 700 * 50
    expected = PEER | OWN | {name for since, names in SINCE.items() if since <= major for name in names}
    assert {name for name in families if name.startswith(("pg_stat_statements_", "pgvigil_statement_"))} == expected
    assert families["pg_stat_statements_calls_total"].label_names() == {"user", "datname", "queryid"}
    info = agent.collector("statements_info")
    if major == 13:
        assert info["state"] == "unsupported"
    else:
        assert families.value("pgvigil_statements_evictions_total") == 0
        assert families.value("pgvigil_statements_max") == 5000


def test_an_extension_that_was_not_updated_is_read_as_what_it_is(making):
    server = making.cluster(18, settings=PRELOADED)
    server.run("create extension pg_stat_statements version '1.8'")
    agent = making.agent_of(server, more=QUICK)
    families = agent.scrape()
    assert families.has("pg_stat_statements_calls_total") and families.has("pgvigil_statement_wal_bytes_total")
    assert "pgvigil_statement_jit_seconds_total" not in families
    told = agent.collector("statements_info")
    assert told["state"] == "unsupported" and told["mend"] == 'ALTER EXTENSION "pg_stat_statements" UPDATE;'
    assert told["message"] == "needs a newer pg_stat_statements than 1.8"
    server.run("alter extension pg_stat_statements update")
    agent.wait_state("statements_info", "good")
    until(lambda: "pgvigil_statement_wal_buffers_full_total" in agent.scrape(), "the new columns are there")


def test_the_extension_may_be_in_any_schema(making):
    server = prepared(making, DEBIAN_MAJOR, 'my "tools"'.replace('"', ""))
    server.run('grant usage on schema "my tools" to pgvigil')
    agent = making.agent_of(server, more=QUICK)
    assert agent.scrape().has("pg_stat_statements_calls_total", datname="postgres")


def test_without_the_extension_check_is_content_and_says_how_to_get_it(making):
    server = making.cluster(DEBIAN_MAJOR)
    checked = command("check", env={"DATA_SOURCE_NAME": server.dsn()})
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert 'CREATE EXTENSION "pg_stat_statements";' in checked.stdout


def test_an_extension_whose_library_is_not_preloaded_is_no_failure(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"shared_preload_libraries": "auto_explain"})
    server.run("create extension pg_stat_statements")
    agent = making.agent_of(server, more=QUICK)
    told = agent.collector("statements")
    assert told["state"] == "unsupported", told
    assert told["mend"] == "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_stat_statements';"
    server.run(told["mend"])
    server.restart()
    agent.wait_state("statements", "good")


class Load:
    """Runs many distinct statements, of which now these, now those are busy."""

    KINDS = 40

    def __init__(self, server):
        self._stop = threading.Event()
        self.phase = 0
        self._session = server.connect()
        self._execute("set pg_stat_statements.track = 'top'")
        for kind in range(self.KINDS):
            self._execute(self._statement(kind))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _execute(self, sql):
        with self._session.cursor() as cursor:
            cursor.execute(sql)

    @staticmethod
    def _statement(kind):
        return f"select {', '.join(['1'] * (kind + 1))}"

    def _run(self):
        while not self._stop.wait(0.02):
            for kind in range(self.KINDS):
                for _ in range(6 if (kind + self.phase) % 4 == 0 else 1):
                    self._execute(self._statement(kind))

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._session.close()


def counts(agent):
    family = agent.scrape(collect=["statements"])["pg_stat_statements_calls_total"]
    return {dict(labels)["queryid"]: value for (_, labels), value in family.samples.items()}


class Watch:
    """Adds up what the series grow by from scrape to scrape, as Prometheus would."""

    def __init__(self, agent):
        self._agent = agent
        self.seen = counts(agent)
        self.names = set(self.seen)
        self.grown = 0.0

    def look(self):
        now = counts(self._agent)
        for name, value in now.items():
            assert value >= self.seen.get(name, 0), f"{name} fell"
            self.grown += value - self.seen.get(name, value)
        self.names |= set(now)
        self.seen = now
        return self.grown


def test_totals_stay_true_while_the_order_changes_and_no_counter_falls(making):
    server = prepared(making, DEBIAN_MAJOR)
    # Nobody is counted but the load.
    for role in ("pgvigil", "postgres"):
        server.run(f"alter role {role} set pg_stat_statements.track = 'none'")
    server.run("select pg_stat_statements_reset()")
    load = Load(server)
    agent = making.agent_of(server, more='[collector.statements]\nevery = "1s"\ntop = 10\n')
    truth = "select sum(calls)::float8 from pg_stat_statements"
    before = server.value(truth)
    watch = Watch(agent)
    assert len(watch.seen) == 11 and watch.seen["other"] == 0
    load.start()
    for step in range(120):
        if step % 30 == 0:
            load.phase += 1
        watch.look()
        threading.Event().wait(0.2)
    load.stop()
    done = server.value(truth) - before
    assert done > 1000
    until(lambda: watch.look() >= done, "all that was done is seen", pause=0.5)
    runs = agent.collector("statements")["runs"]
    until(lambda: agent.collector("statements")["runs"] > runs + 2, "some runs later")
    assert watch.look() == done, "what the series grew by is what was done"
    assert len(watch.names) > 11, "the order changed"
    assert agent.value("pgvigil_collector_aggregated_rows", collector="statements") >= 30
