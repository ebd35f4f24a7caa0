"""Every query of every dashboard gives data, on a real Prometheus that scrapes a primary, a standby and a pooler, and on the
pgvigil itself that watches them."""

import json
import os
import re
import time
import urllib.parse

import psycopg2
import pytest

from support import dashboards, pictures
from support.agent import command
from support.backup_scripts import BackupScripts
from support.cluster import PASSWORD
from support.config import every, fleet_config, pooler_entry
from support.load import Load
from support.peers import Prometheus
from support.sink import Sink
from support.waiting import until

ALL = dashboards.load()
RULES = os.path.join(dashboards.REPOSITORY, "deploy/prometheus")

# Panels whose query may be empty here, and why. An entry whose panel shows data is a mistake in this list.
EMPTY = {
    ("pgvigil-instance", "CPU"): "no cgroup is configured: test_host.py looks at those series",
    ("pgvigil-instance", "Memory"): "no cgroup is configured",
    ("pgvigil-replication", "Subscriptions"): "there is no subscription",
    ("pgvigil-vacuum", "Vacuum in progress"): "no vacuum runs at this moment",
    ("pgvigil-agent", "Failures"): "no collector fails",
    ("pgvigil-agent", "Dropped series"): "none is dropped",
    ("pgvigil-agent", "Failed connections"): "none fails",
    ("pgvigil-backups", "Size by that of before"): "a trend needs more backups than two",
    ("pgvigil-backups", "Duration by that of before"): "a trend needs more backups than two",
    ("pgvigil-backups", "Point-in-time window"): "dumps keep no WAL",
    ("pgvigil-backups", "Size by that of the databases"): "so small databases are not compared",
    ("pgvigil-backups", "Running backups"): "none runs at this moment",
    ("pgvigil-backups", "Missing tablespaces"): "dumps do not tell",
    ("pgvigil-backups", "Left after the next expiry"): "dumps know of no expiry of their own",
    ("pgvigil-backups", "Schedule"): "dumps keep no WAL, and no key of theirs expires",
    ("pgvigil-instance", "TLS certificate"): "without TLS: test_tls.py looks at it",
    ("pgvigil-alerts", "Failed messages"): "the receiver takes every message",
    **{("pgvigil-replication", title): "no Patroni: test_patroni.py looks at it" for title in dashboards.PATRONI},
}
RECORDED = "pgvigil-fleet-recorded"  # its rules are for a Prometheus that scrapes many

MORE = """
[labels]
cluster = "payments"
[host]
data = "/"
[advice]
every = "3s"
appear_after = 1
[advice.duplicate_index]
min_size = "8kB"
[rules]
evaluation_interval = "1s"
"""
QUICK = every("3s", "sequences", "stat_user_tables", "lock_waits", "stat_archiver", "statements", "statement_texts")
TEXTS = "\nenabled = true\n"  # of the last of them


def prepare(primary):
    """What the panels show something of: statements, dead rows, a waiting session, temporary files, slots."""
    primary.run("create extension pg_stat_statements")
    primary.run("grant execute on function pg_stat_file(text, boolean) to pgvigil")
    primary.run("grant pg_read_all_data to pgvigil")
    primary.run("create table orders (id int primary key, note text)")
    primary.run("create table lines (order_id int references orders, note text)")
    primary.run("create table events (id serial primary key, note text)")
    primary.run("insert into events (note) values ('one')")
    primary.run("insert into orders select i, 'note ' || i from generate_series(1, 1000) i")
    primary.run("insert into lines select i, 'line' from generate_series(1, 1000) i")
    primary.run("create index on lines (order_id, note)")
    primary.run("create index on orders (note); create index on orders (note)")
    primary.run("vacuum analyze")
    primary.run("update orders set note = 'x'")
    primary.run("select pg_create_logical_replication_slot('changes', 'test_decoding')")
    primary.run("select count(*) from pg_logical_slot_get_changes('changes', null, null)")


@pytest.fixture(scope="module", name="primary")
def busy_primary(shared):
    primary = shared.cluster(
        settings={
            "shared_preload_libraries": "pg_stat_statements",
            "wal_level": "logical",
            "archive_mode": "on",
            "archive_command": "/bin/true",
            "max_slot_wal_keep_size": "1GB",
        }
    )
    prepare(primary)
    return primary


@pytest.fixture(scope="module", name="pool")
def pgbouncer(shared, primary):
    return shared.pgbouncer(primary, {"pgvigil": PASSWORD}, settings={"stats_users": "pgvigil"})


@pytest.fixture(scope="module", name="backups")
def dumps_and_a_drill(shared, primary):
    """Two sets of dumps, of which one was restored; they break a policy."""
    scripts = shared.keep(BackupScripts(primary))
    for program in ("pgvigil-backup", "pgvigil-backup", "pgvigil-restore-drill"):
        scripts.run(program)
    drills = os.path.join(scripts.backups, "drills")
    return f"""
[[backup]]
tool = "dumps"
server = "one"
directory = "{scripts.backups}"
drills = "{drills}"
every = "10s"
policy = {{ encrypted = true, schedule = "0 3 * * *", daily = 7 }}
"""


@pytest.fixture(scope="module", name="receiver")
def receiver_of_alerts():
    with Sink() as sink:
        yield f'[receiver.hook]\ntype = "webhook"\nurl = "{sink.url}"\n'


@pytest.fixture(scope="module", name="agent")
def fleet_agent(shared, primary, pool, backups, receiver):
    standby = shared.standby(primary)
    pooler = pooler_entry("pool", f"host=127.0.0.1 port={pool.port} user=pgvigil password={PASSWORD}")
    return shared.agent(fleet_config({"one": primary, "two": standby}, pooler + backups + receiver + MORE + QUICK + TEXTS))


def rules():
    """The fleet's recording rules, evaluated at once, and the alert rules, as one file."""
    with open(os.path.join(RULES, "fleet.rules.yml"), encoding="utf-8") as file:
        recorded = file.read().replace("interval: 1m", "interval: 1s")
    exported = command("rules", "export", "--format", "prometheus").stdout
    return recorded + exported.partition("groups:\n")[2]


class LockedTable:
    """A session that holds a lock, and load that waits for it until both are removed."""

    def __init__(self, holder, waiter):
        self._holder = holder
        self._waiter = waiter

    def remove(self):
        self._holder.close()
        self._waiter.remove()


def start_load(shared, primary, pool):
    """Updates of a table, queries through the pooler, and two sessions of which one waits for the other's lock."""
    through_pool = psycopg2.connect(
        host="127.0.0.1", port=pool.port, dbname="postgres", user="pgvigil", password=PASSWORD
    )
    shared.keep(
        Load(
            [primary.connect(), through_pool],
            ["update orders set note = note where id < 9; select pg_sleep(0.1)", "select pg_sleep(0.1)"],
        )
    )
    primary.run("select pg_switch_wal()")  # what was archived last is the standby's backup_label until then
    holder = primary.connect()
    holder.cursor().execute("begin; lock table events")
    waiter = Load([primary.connect()], ["select from events"], ended_by=(psycopg2.Error,))
    shared.keep(LockedTable(holder, waiter))


@pytest.fixture(scope="module", name="prometheus")
def filled_prometheus(shared, primary, agent, pool):
    start_load(shared, primary, pool)
    prometheus = shared.keep(Prometheus(agent.port, rules()))
    for seen in (
        "count_over_time(up[10m]) >= 10",
        'ALERTS{alertstate="firing"}',
        "rate(pg_stat_statements_calls_total[1m]) > 0",
        "rate(pg_stat_user_tables_n_tup_hot_upd[1m]) > 0",
        "rate(pgbouncer_stats_totals_queries_pooled_total[1m]) > 0",
        "pgvigil_lock_waiting_sessions > 0",
        "pgvigil_statement_info",
        "pgvigil_archiver_lag_bytes",
        "pgvigil_sequence_used_ratio",
        "pgvigil_backup_age_seconds",
        "pgvigil_advice_impact_bytes",
        "pgvigil_advice_blind",
        'pgvigil_notification_attempts_total{result="delivered"} > 0',
    ):
        until(lambda: prometheus.query(seen), seen, pause=1)  # pylint: disable=cell-var-from-loop
    return prometheus


def empty_panels(source, left_out):
    """The queries that find nothing, by dashboard and panel."""
    empty = {}
    for name, title, query in dashboards.queries(ALL):
        if name != left_out and not dashboards.ask(source, query):
            empty.setdefault((name, title), []).append(query)
    return empty


def assert_all_but_these_give_data(source, reasons, left_out="", patience=60):
    """What is collected once a minute has a rate after two of them."""
    end = time.monotonic() + patience
    while (empty := empty_panels(source, left_out)).keys() - set(reasons) and time.monotonic() < end:
        time.sleep(5)
    wrong = {place: found for place, found in empty.items() if place not in reasons}
    assert not wrong, "\n".join(f"{place}: {query}" for place, found in wrong.items() for query in found)
    assert set(reasons) == set(empty), f"these do show data, take them off the list: {set(reasons) - set(empty)}"


def test_every_query_of_every_panel_gives_data(prometheus):
    assert_all_but_these_give_data(prometheus, EMPTY)


@pytest.mark.usefixtures("prometheus")
def test_every_query_gives_data_where_pgvigil_itself_is_asked(agent):
    """As the only data source, with no Prometheus anywhere."""
    assert_all_but_these_give_data(agent, EMPTY, RECORDED)


def legend(target, labels):
    """As Grafana writes it: a label that is not there is an empty text."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), target["legendFormat"])


def series_and_names(source):
    """(dashboard, panel, [(labels, legend)]) of each panel but tables, all its queries together."""
    for name, dashboard in ALL.items():
        for panel in (one for one in dashboards.panels(dashboard) if one["type"] != "table"):
            found = []
            for target in panel["targets"]:
                query = dashboards.sent(dashboard, target["expr"], panel.get("interval", "15s"))
                found += [(one["metric"], legend(target, one["metric"])) for one in dashboards.ask(source, query)]
            yield name, panel["title"], found


def test_each_series_of_a_panel_has_a_name_of_its_own(prometheus):
    """With that of the instance: a pgvigil beside its server has no name for it, and gives no label `target`."""
    wrong = []
    for name, title, found in series_and_names(prometheus):
        names = [said for _, said in found]
        if len(set(names)) < len(names):
            wrong.append((name, title, "called the same", sorted(names)))
        wrong += [(name, title, "without its instance", said) for labels, said in found if labels.get("instance", "") not in said]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_variable_finds_values(prometheus, agent):
    for source in (prometheus, agent):
        for name, variable, selector, label in dashboards.variable_queries(ALL):
            query = urllib.parse.urlencode({"match[]": selector})
            answer = source.get(f"/api/v1/label/{label}/values?{query}")
            found = json.loads(getattr(answer, "text", answer))["data"]
            assert found or (source is agent and name == RECORDED), (name, variable, selector)


def test_what_is_recorded_is_what_is_computed(prometheus):
    """The twin of the fleet's dashboard shows the same servers."""
    for recorded, computed in (
        ("server:pgvigil_up", "max by (cluster, job, instance, target) (pg_up)"),
        ("server:pgvigil_size:bytes", "sum by (cluster, job, instance, target) (pg_database_size_bytes)"),
    ):
        found = [
            {tuple(sorted(one["metric"].items())) for one in dashboards.ask(prometheus, query)}
            for query in (f"sum by (cluster, job, instance, target) ({recorded})", computed)
        ]
        assert found[0] == found[1] and len(found[0]) >= 2, recorded


@pytest.mark.skipif(not pictures.FOLDER, reason="by hand: PGVIGIL_PICTURES names a folder")
@pytest.mark.usefixtures("prometheus")
def test_pictures_of_all_dashboards(agent):
    time.sleep(float(os.environ.get("PGVIGIL_PICTURES_AFTER", "120")))
    for name, dashboard in ALL.items():
        if name != RECORDED:
            pictures.draw(agent, name, dashboard)
    pictures.photograph(agent, "status-of-many", "/")
