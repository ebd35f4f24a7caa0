"""Messages bring the evidence: what is behind an alert, as it was when it fired, without a literal of anybody's."""

import contextlib
import json
import os
import signal
import threading
import time

import psycopg2
import pytest

from support.cluster import DEBIAN_MAJOR, PASSWORD
from support.conditions import settings
from support.config import QUICK, config, custom_collector, every, pooler_entry, server_entry, toml_string
from support.load import Load
from support.mail_server import MailServer
from support.sink import Sink
from support.waiting import stays, until

TREE = ("update cards set number = $1 where id = $2", "blocking_tree")


def rule(name, expr, evidence, more=""):
    return f"""
[[rule]]
alert = "{name}"
expr = "{expr}"
labels = {{ severity = "critical" }}
evidence = {json.dumps(evidence)}
{more}

[rule.annotations]
summary = "{name}"
"""


def start(making, server, rules, receivers, more="", env=None, collectors=(), notify=""):
    agent = making.agent(config(server, more=settings(receivers, more, notify=notify)), env=env, ready=False)
    agent.stop()
    agent.write_rules(rules)
    for name, text in collectors:
        agent.write_collector(name, text)
    agent.start()
    return agent


def webhook(sink, name="hook"):
    return f'\n[receiver.{name}]\ntype = "webhook"\nurl = "{sink.url}/{name}"\n'


class Pile:
    """Sessions that wait for each other, and others that hold all sorts of literals."""

    def __init__(self, server, number="x", application="cards"):
        self.server = server
        self.number = number
        self.sessions = []
        self.threads = []
        self._application = application

    def session(self):
        session = self.server.connect(autocommit=False, application_name=self._application)
        self.sessions.append(session)
        return session

    def execute(self, session, sql):
        with contextlib.suppress(Exception), session.cursor() as cursor:
            cursor.execute(sql)

    def begin(self, session, sql):
        thread = threading.Thread(target=self.execute, args=(session, sql), daemon=True)
        self.threads.append(thread)
        thread.start()

    def lock(self):
        """Who holds the lock and who wait for it, by their pids."""
        sql = f"update cards set number = '{self.number}' where id = 1"
        root = self.session()
        self.execute(root, sql)
        for count in (1, 2):
            self.begin(self.session(), sql)
            until(lambda: self.server.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == count,
                  "a session waits")
        return [session.info.backend_pid for session in self.sessions[-3:]]

    def end(self):
        self.server.rows("select pg_terminate_backend(pid) from pg_stat_activity "
                         "where pid <> pg_backend_pid() and usename = 'postgres' and backend_type = 'client backend'")
        for thread in self.threads:
            thread.join(10)
        for session in self.sessions:
            session.close()
        self.sessions, self.threads = [], []


@pytest.fixture(scope="module")
def server(shared):
    cluster = shared.cluster(DEBIAN_MAJOR)
    cluster.run("create table cards (id int primary key, number text)")
    cluster.run("insert into cards values (1, 'x')")
    return cluster


@pytest.fixture
def pile(server):
    pile = Pile(server)
    yield pile
    pile.end()


def test_a_pile_of_locks_comes_as_its_tree_in_the_message(making, server, pile):
    with Sink() as sink:
        rules = rule("Locks", "pgvigil_lock_waiting_sessions > 0", ["blocking_tree", "changes"])
        agent = start(making, server, rules, webhook(sink), every("1s", "lock_waits"))
        pids = pile.lock()
        sink.wait_for(lambda bodies: any("evidence" in body for body in bodies), "the evidence")
        body = next(body for body in sink.bodies() if "evidence" in body)
        tree, changes = body["evidence"]
        assert tree["name"] == "blocking_tree" and tree["alerts"] == [body["alerts"][0]["fingerprint"]]
        columns = [one["name"] for one in tree["columns"]]
        shown = [dict(zip(columns, row)) for row in tree["rows"]]
        assert shown[0]["pid"] == str(pids[0])
        assert sorted(one["pid"].strip() for one in shown[1:]) == sorted(map(str, pids[1:]))
        assert {one["statement"] for one in shown} == {"update cards set number = $1 where id = $2"}
        assert any(row[0] == "the server started" for row in changes["rows"])
        agent.wait_value(2, "pgvigil_evidence_looks_total", result="seen")
        # Its session is gone, and what was seen stands at the alert.
        until(lambda: len(server.sessions()) <= 3, "only the collectors' sessions are left")
        data = agent.get("/api/v1/evidence").json()["data"]
        assert [one["name"] for one in data["evidence"]] == ["blocking_tree", "changes"]
        assert data["alerts"][tree["alerts"][0]]["alertname"] == "Locks"


def test_a_message_goes_out_in_time_and_is_completed(making, server, pile):
    answer = json.dumps({"ok": True, "ts": "17.1", "channel": "C1"}).encode()
    with Sink(lambda *_: (200, {}, answer)) as sink:
        receiver = f'\n[receiver.bot]\ntype = "slack"\ntoken_variable = "TOKEN"\nchannel = "C1"\napi = "{sink.url}"\n'
        pids = pile.lock()
        start(making, server, rule("Locks", "pgvigil_lock_waiting_sessions > 0", ["blocking_tree"]), receiver,
              every("1s", "lock_waits"), {"TOKEN": "xoxb-1"}, notify='evidence_wait = "0s"')
        sink.wait_for(lambda bodies: any(str(pids[2]) in json.dumps(body) for body in bodies), "the tree")
        paths = [path for path, _, _ in sink.requests]
        assert paths in (["/chat.postMessage"], ["/chat.postMessage", "/chat.update"])
        assert "```" in json.dumps(sink.bodies()[-1])


HOGS = custom_collector("hogs", "select 'all' as id, count(*) as value from pg_stat_activity where application_name = 'hog'",
                        labels=["id"])


def test_who_holds_all_connections_is_told_when_there_is_none_left(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"max_connections": 15})
    with Sink() as sink, contextlib.ExitStack() as hogs:
        rules = rule("Full", "test_hogs > 8", ["connections", "changes"])
        agent = start(making, server, rules, webhook(sink), collectors=[("hogs", HOGS)])
        agent.wait_value(0, "test_hogs", id="all")
        with contextlib.suppress(psycopg2.OperationalError):  # the last is refused
            while True:
                hogs.enter_context(server.session(application_name="hog"))
        sink.wait_for(lambda bodies: any("evidence" in body for body in bodies), "the evidence")
        connections, changes = next(body for body in sink.bodies() if "evidence" in body)["evidence"]
        assert any("hog" in row for row in connections["rows"])
        assert changes["rows"]
        agent.wait_value(2, "pgvigil_evidence_looks_total", result="seen")


def test_what_was_seen_to_change_comes_with_the_message_though_the_server_is_down(making):
    server = making.cluster(DEBIAN_MAJOR)
    server.run("create table cards (id int primary key, number text)")
    with Sink() as sink:
        rules = rule("Down", "pg_up == 0", ["changes"])
        agent = start(making, server, rules, webhook(sink), every("1s", "settings", "schema_state"))
        agent.wait_value(2, "pgvigil_schema_objects", kind="column", datname="postgres")
        server.run("create index on cards (number)")
        server.run("alter table cards alter column number type varchar(40)")
        server.run("alter system set work_mem = '9MB'")
        server.run("select pg_reload_conf()")
        until(lambda: agent.log().count("event=value_changed") >= 4, "the changes are seen")
        server.stop("immediate")
        sink.wait_for(lambda bodies: any("evidence" in body for body in bodies), "what has changed")
        rows = next(body for body in sink.bodies() if "evidence" in body)["evidence"][0]["rows"]
        names = [name for _, name, _ in rows]
        assert "pgvigil_schema_objects{datname=postgres,kind=index}: 1 -> 2" in names
        assert "pgvigil_schema_checksum{datname=postgres,kind=column}" in names
        assert "pg_settings_work_mem_bytes: 4194304 -> 9437184" in names
        ages = [int(ago) for _, _, ago in rows]
        assert ages == sorted(ages) and ages[-1] < 300


def test_a_server_that_is_down_is_told_of_without_evidence(making):
    server = making.cluster(DEBIAN_MAJOR)
    with Sink() as sink:
        agent = start(making, server, rule("Down", "pg_up == 0", ["connections"]), webhook(sink))
        server.stop("immediate")
        sink.wait_for(lambda bodies: bodies, "it is down")
        agent.wait_value(1, "pgvigil_evidence_looks_total", result="failed")
        assert len(sink.bodies()) == 1


def told_of(sink, name):
    """The evidence of that name that the sink was told of last: its rows, by columns, and the whole."""
    for body in reversed(sink.bodies()):
        for one in body.get("evidence", ()):
            if one["name"] == name:
                columns = [column["name"] for column in one["columns"]]
                return [dict(zip(columns, row)) for row in one["rows"]], one
    return [], {}


def test_what_was_collected_comes_with_the_message_as_rows(making):
    server = making.cluster(DEBIAN_MAJOR, settings={"shared_preload_libraries": "pg_stat_statements"})
    server.run("create extension pg_stat_statements")
    bouncer = making.pgbouncer(server, {"pgvigil": PASSWORD, "watcher": PASSWORD},
                               settings={"stats_users": "watcher", "default_pool_size": 2})
    sessions = [psycopg2.connect(server.dsn(port=bouncer.port)) for _ in range(6)]
    making.keep(Load(sessions, ["select pg_sleep(0.2), 'LoadPlant'"] * 6, ended_by=(psycopg2.Error,)))
    with Sink() as sink:
        rules = (rule("Pools", "pgbouncer_pools_client_waiting_connections > 0", ["pools", "connections"])
                 + rule("Backups", "pgvigil_backup_recoverable == 0", ["backups"])
                 + rule("Statements", "sum by (target) (rate(pg_stat_statements_seconds_total[1m])) > 0.5", ["statements_by_time"]))
        agent = making.agent(server_entry("shop", server.dsn()), ready=False)
        agent.stop()
        dumps = os.path.join(agent.home, "dumps")
        os.mkdir(dumps)
        console = f"host=127.0.0.1 port={bouncer.port} user=watcher password={PASSWORD}"
        more = f'[[backup]]\ntool = "dumps"\ndirectory = {toml_string(dumps)}\n'
        more += every(QUICK, "statements", "pgbouncer_pools", "pgbouncer_limits", "backups")
        agent.write(server_entry("shop", server.dsn()) + pooler_entry("front", console) + settings(webhook(sink), more))
        agent.write_rules(rules)
        agent.start()
        until(lambda: all(told_of(sink, name)[0] for name in ("pools", "backups", "statements_by_time")), "all is told")
        pool = next(row for row in told_of(sink, "pools")[0] if row["database"] == "postgres")
        assert pool["user"] == "pgvigil" and pool["mode"] == "transaction" and pool["size"] == 2
        assert pool["waiting"] >= 1 and pool["servers"] == 2
        assert told_of(sink, "pools")[1]["server"] == "front"
        assert not told_of(sink, "connections")[0]  # the pooler's alert is not about the server of another name
        (backup,) = told_of(sink, "backups")[0]
        assert backup["tool"] == "dumps" and backup["verdict"] == "not_recoverable" and backup["because"] == "no_backups"
        assert backup["what_to_do"].startswith("Take a full backup now.")
        rows, seen = told_of(sink, "statements_by_time")
        assert rows[0]["statement"] == "select pg_sleep($1), $2" and 0.5 < rows[0]["share"] <= 1
        assert rows[0]["calls_per_second"] > 0 and rows[0]["mean"] >= 0.2 and rows[0]["share_before"] is None
        assert "not known" in seen["remark"]
        assert "LoadPlant" not in json.dumps(sink.bodies())


def test_a_full_volume_comes_with_what_takes_its_space(making, server):
    with Sink() as sink:
        more = f"[host]\ndata = {toml_string(server.data)}\n" + every(QUICK, "volumes", "database_size", "wal")
        start(making, server, rule("Full", "pgvigil_volume_available_bytes > 0", ["space"]), webhook(sink), more)
        until(lambda: told_of(sink, "space")[0], "it is told")
        rows, seen = told_of(sink, "space")
        of = {row["what"]: row["bytes"] for row in rows}
        assert of["database postgres"] > 1e6 and of["WAL"] >= 16 * 2**20
        assert seen["remark"].startswith("What has come is not known")


def test_without_pg_stat_statements_the_message_says_so(making, server):
    with Sink() as sink:
        start(making, server, rule("Seen", "test_hogs >= 0", ["statements_by_time"]), webhook(sink), collectors=[("hogs", HOGS)])
        until(lambda: told_of(sink, "statements_by_time")[1], "it is told")
        assert "pg_stat_statements" in told_of(sink, "statements_by_time")[1]["trouble"]


GUESTS = custom_collector("guests", "select 'postgres' as datname, count(*) as value from pg_stat_activity where application_name = 'hog'",
                          labels=["datname"])


@pytest.mark.parametrize("wait", ["250ms", "10s"])
def test_a_look_in_whose_midst_the_agent_is_killed_is_made_again_and_told_once(making, wait):
    server = making.cluster(DEBIAN_MAJOR)
    with Sink() as sink:
        agent = start(making, server, rule("Open", "test_guests > 0", ["vacuum", "invalid_indexes"]), webhook(sink),
                      collectors=[("guests", GUESTS)], notify=f'evidence_wait = "{wait}"')
        agent.wait_value(0, "test_guests", datname="postgres")
        with server.session(application_name="hog"):
            os.kill(server.pid, signal.SIGSTOP)  # sessions go on, and no new one begins: the look hangs for four seconds
            try:
                until(lambda: "firing" in agent.get("/api/v1/alerts").text, "it fires")
                if wait == "250ms":
                    agent.wait_log("event=notified")  # without
                time.sleep(0.3)
                agent.kill()
            finally:
                os.kill(server.pid, signal.SIGCONT)
            before = sink.bodies()
            assert len(before) == (1 if wait == "250ms" else 0) and not any("evidence" in body for body in before)
            agent.start()
            sink.wait_for(lambda bodies: any("evidence" in body for body in bodies), "the evidence")
            stays(lambda: len(sink.bodies()) == len(before) + 1, "nothing is told twice", 3)
            assert {body["status"] for body in sink.bodies()} == {"firing"}
            tables, indexes = sink.bodies()[-1]["evidence"]
            assert tables["rows"] and "trouble" not in tables and "trouble" not in indexes


STRINGS = {
    "a string": "select pg_sleep(600), 'StringPlant'",
    "a number": "select pg_sleep(600) where 4242424242 <> 1",
    "between dollars": "select pg_sleep(600), $tag$DollarPlant$tag$",
    "a comment": "select /* CommentPlant */ pg_sleep(600) -- LinePlant",
    "a list": "select pg_sleep(600) where 'x' not in ('ListPlant1', 'ListPlant2')",
    "cut off": "select pg_sleep(600), 'CutPlant' || '" + "x" * 2000 + "'",
    "an error": "selec 'ErrorPlant' from cards",
    "bits and escapes": "select pg_sleep(600), E'Escape\\x50lant', U&'UnicodePlant', x'AB12CD34EF'",
}
PLANTED = ("StringPlant", "4242424242", "DollarPlant", "CommentPlant", "LinePlant", "ListPlant", "CutPlant", "ErrorPlant",
           "EscapePlant", "x50lant", "UnicodePlant", "AB12CD34EF", "LockPlant", "AppPlant", "4929111122223333", "app.plant")
APPLICATION = "job 'AppPlant' 4929111122223333 app.plant@example.org"


def all_ten(sink, mail_port):
    url = sink.url
    return f"""
[receiver.hook]
type = "webhook"
url = "{url}/hook"
[receiver.slack]
type = "slack"
url = "{url}/slack"
[receiver.teams]
type = "teams"
url = "{url}/teams"
[receiver.discord]
type = "discord"
url = "{url}/discord"
[receiver.telegram]
type = "telegram"
token_variable = "TOKEN"
chat = "@ops"
api = "{url}/telegram"
[receiver.duty]
type = "pagerduty"
routing_key_variable = "TOKEN"
url = "{url}/duty"
[receiver.genie]
type = "opsgenie"
api_key_variable = "TOKEN"
url = "{url}/genie"
[receiver.manager]
type = "alertmanager"
urls = ["{url}/manager"]
[receiver.pulse]
type = "heartbeat"
url = "{url}/pulse"
every = "1s"
[receiver.mail]
type = "mail"
server = "127.0.0.1:{mail_port}"
security = "none"
from = "pgvigil@example.org"
to = ["dba@example.org"]
"""


def readable(mails):
    """All parts of the mails, decoded."""
    parts = [part for mail in mails for part in mail.walk() if not part.is_multipart()]
    return "".join(part.get_payload(decode=True).decode("utf-8") for part in parts)


def test_no_literal_leaves_by_any_receiver(making, server, pile):
    pile.number = "LockPlant"
    pile._application = APPLICATION
    pile.lock()
    for sql in STRINGS.values():
        session = pile.session()
        pile.execute(session, "select 1")
        pile.begin(session, sql)
    # What failed stays the text of its session, in a transaction that is open.
    until(lambda: server.value("select count(*) from pg_stat_activity where query ~ 'Plant|4242424242' and pid <> pg_backend_pid()")
          >= len(STRINGS) + 3, "all are there")
    shows = ["blocking_tree", "long_transactions", "running_statements", "connections", "locks"]
    rules = "".join(rule(f"Rule{i}", "pg_up == 1", [name]) for i, name in enumerate(shows))
    with Sink() as sink, MailServer(server.home) as mails:
        sink.behave = lambda *_: (200, {}, b'{"ok": true, "result": {"message_id": 5}}')
        agent = start(making, server, rules, all_ten(sink, mails.port), env={"TOKEN": "secret-token"})

        def told():
            by_receiver = {}
            for path, _, body in list(sink.requests):
                name = path.split("/")[1]
                by_receiver[name] = by_receiver.get(name, "") + body.decode("utf-8")
            by_receiver["mail"] = readable(mails.mails())
            return by_receiver

        # What is narrow shows less of a statement.
        wide = {name: ("update cards set number = $1", "withheld") for name in ("hook", "duty", "genie", "manager", "mail")}
        narrow = {name: () for name in ("slack", "teams", "discord", "telegram")}
        titles = ("Who waits for whom", "open longest", "running now", "Who holds the connections", "Locks")

        def missing():
            texts = told()
            return [(name, text) for name, more in (wide | narrow).items() for text in titles + more
                    if text not in texts.get(name, "")] + ([] if "pulse" in texts else ["pulse"])

        with contextlib.suppress(AssertionError):
            until(lambda: not missing(), "everybody is told the evidence")
        assert not missing()
        texts = told()
        texts["pages"] = "".join(agent.get(path).text for path in ("/api/v1/notifications", "/api/v1/alerts", "/api/v1/evidence"))
        texts["log"] = agent.log()
        texts["store"] = ""
        for name in os.listdir(os.path.join(agent.home, "state")):
            with open(os.path.join(agent.home, "state", name), "rb") as file:
                texts["store"] += file.read().decode("latin-1")
        assert "update cards set number = $1" in texts["store"] and "update cards" in texts["pages"]
        for name, text in texts.items():
            for planted in PLANTED:
                assert planted not in text, f"{name}: {planted}"


CONDITIONS = custom_collector("conditions", "select id::text, value from public.conditions", labels=["id"])


def test_what_is_of_the_cluster_is_told_by_the_agent_of_the_primary(making):
    primary = making.cluster(DEBIAN_MAJOR)
    primary.run("create table conditions (id int primary key, value float8 not null)")
    primary.run("grant select on conditions to pgvigil; insert into conditions values (1, 1)")
    standby = making.standby(primary)
    until(lambda: standby.value("select count(*) from conditions") == 1, "it is replicated")
    rules = rule("OfCluster", "test_conditions > 0", [], 'scope = "cluster"') + rule("OfNode", "test_conditions > 0", [])

    def names(status):
        return lambda bodies: {one["labels"]["alertname"] for body in bodies for one in body["alerts"] if one["status"] == status}

    firing, resolved = names("firing"), names("resolved")
    with Sink() as first, Sink() as second:
        start(making, primary, rules, webhook(first), collectors=[("conditions", CONDITIONS)])
        follower = start(making, standby, rules, webhook(second), collectors=[("conditions", CONDITIONS)])
        first.wait_for(lambda bodies: firing(bodies) == {"OfCluster", "OfNode"}, "the primary's agent tells both")
        second.wait_for(lambda bodies: firing(bodies) == {"OfNode"}, "the standby's agent tells what is its own")
        until(lambda: "this server is a standby" in follower.get("/api/v1/notifications").text, "it says why")
        primary.stop("immediate")
        standby.promote()
        second.wait_for(lambda bodies: firing(bodies) == {"OfCluster", "OfNode"}, "who takes over tells it")
        standby.run("delete from conditions")
        second.wait_for(lambda bodies: resolved(bodies) == {"OfCluster", "OfNode"}, "and its end")
        assert resolved(first.bodies()) == set()  # of which its own agent sees nothing
