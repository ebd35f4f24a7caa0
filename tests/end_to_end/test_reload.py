"""A configuration that changes while pgvigil runs."""

import os
import signal
import time

import pytest

from support.agent import Agent
from support.config import config, custom_collector
from support.waiting import stays, until

WITHOUT_LOCKS = "[collector.locks]\nenabled = false\n"
WRONG = "[collector.locks]\nevry = \"1s\"\n"


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster()


@pytest.fixture
def agent(making, server):
    return making.agent_of(server)


def has_locks(agent):
    return "pg_locks_count" in agent.scrape()


def by_signal(agent):
    agent.send(signal.SIGHUP)


def by_request(agent):
    agent.reload()


def by_itself(agent):
    pass  # the folder is watched


@pytest.mark.parametrize("asked", [by_signal, by_request, by_itself])
def test_a_change_is_taken(agent, server, asked):
    assert has_locks(agent)
    agent.write(config(server, more=WITHOUT_LOCKS))
    asked(agent)
    until(lambda: not has_locks(agent), "locks are gone")
    agent.write(config(server))
    asked(agent)
    until(lambda: has_locks(agent), "locks are back")
    assert agent.value("pgvigil_config_last_reload_successful") == 1
    assert agent.value("pg_up") == 1


def test_the_answer_to_a_reload_tells_the_mistakes(agent, server):
    assert agent.reload().status == 200
    agent.write(config(server, more=WRONG))
    refused = agent.reload()
    assert refused.status >= 400
    line = config(server, more=WRONG).splitlines().index('evry = "1s"') + 1
    assert f"pgvigil.toml:{line}" in refused.text and "every" in refused.text
    assert agent.get("/-/reload").status in (404, 405)


@pytest.mark.parametrize("asked", [by_signal, by_request, by_itself])
def test_a_bad_file_leaves_the_old_in_force_and_says_so(agent, server, asked):
    agent.write(config(server, more=WRONG))
    asked(agent)
    agent.wait_value(0, "pgvigil_config_last_reload_successful")
    assert has_locks(agent) and agent.value("pg_up") == 1
    line = config(server, more=WRONG).splitlines().index('evry = "1s"') + 1
    agent.wait_log(f"pgvigil.toml:{line}")
    assert "evry" in agent.get("/").text and agent.status()["config_mistakes"]
    agent.write(config(server))
    asked(agent)
    agent.wait_value(1, "pgvigil_config_last_reload_successful")
    assert not agent.status()["config_mistakes"]


def test_a_bad_first_configuration_serves_an_error_metric_and_waits(making, server):
    agent = making.agent(config(server, more=WRONG), ready=False)
    families = agent.scrape()
    assert families.value("pgvigil_config_last_reload_successful") == 0
    assert families.value("pg_up") == 0
    assert agent.get("/livez").status == 200 and agent.get("/readyz").status == 503
    agent.write(config(server))
    agent.wait_ready()
    agent.wait_value(1, "pg_up")


def test_a_configuration_that_is_not_there_yet_is_waited_for(making, server):
    agent = making.agent(config(server, more=WRONG), ready=False)
    os.remove(agent.config_file)
    assert agent.reload().status >= 400
    agent.write(config(server))
    agent.wait_value(1, "pg_up")


def test_a_definition_that_is_added_changed_or_removed_is_noticed(agent):
    agent.write_collector("mine", custom_collector("mine", "select 1 as value"))
    agent.wait_value(1, "test_mine")
    agent.write_collector("mine", custom_collector("mine", "select 2 as value"))
    agent.wait_value(2, "test_mine")
    os.remove(os.path.join(agent.home, "collectors.d", "mine.toml"))
    agent.wait_value(None, "test_mine")


class Mount:
    """A folder as the kubelet mounts a ConfigMap or a Secret: files are links through ..data, which a rename swaps."""

    def __init__(self, folder, **files):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self._version = 0
        self.write(**files)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, **files):
        """`a_b` is the file a.b; what is not given is there no more."""
        self._version += 1
        version = f"..version_{self._version}"
        os.mkdir(self.path(version))
        names = {name.replace("_", "."): text for name, text in files.items()}
        for name, text in names.items():
            with open(os.path.join(self.folder, version, name), "w", encoding="utf-8") as file:
                file.write(text)
            if not os.path.islink(self.path(name)):
                os.symlink(f"..data/{name}", self.path(name))
        os.symlink(version, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))
        for entry in os.listdir(self.folder):
            if not entry.startswith("..") and entry not in names:
                os.remove(self.path(entry))


class MountedAgent(Agent):
    """Reads the file in a mounted folder instead of one of its own."""

    def __init__(self, mounted):
        self._mounted = mounted
        super().__init__("")

    def write(self, text):
        self.config_file = self._mounted.path("pgvigil.toml")


def test_a_swapped_config_map_is_noticed_each_time(making, server, tmp_path):
    mounted = Mount(tmp_path, pgvigil_toml=config(server))
    agent = making.keep(MountedAgent(mounted))
    assert has_locks(agent)
    for _ in range(2):
        mounted.write(pgvigil_toml=config(server, more=WITHOUT_LOCKS))
        until(lambda: not has_locks(agent), "locks are gone")
        mounted.write(pgvigil_toml=config(server))
        until(lambda: has_locks(agent), "locks are back")


def rule(name):
    return f"""
[[rule]]
alert = "{name}"
expr = "pg_up == 1"
labels = {{ severity = "info" }}
[rule.annotations]
summary = "up"
description = "It is up."
"""


def rule_names(agent):
    groups = agent.get("/api/v1/rules").json()["data"]["groups"]
    return {one["name"] for group in groups for one in group["rules"]}


def test_all_that_the_chart_mounts_is_taken_up_when_it_is_swapped(making, server, tmp_path):
    """Rules, collectors and a password, each in a mount of its own beside that of the configuration."""
    server.create_role("rotating", "first")
    rules = Mount(tmp_path / "rules", mine_toml=rule("First"))
    collectors = Mount(tmp_path / "collectors", mine_toml=custom_collector("mine", "select 1 as value"))
    secret = Mount(tmp_path / "secret", password="first")
    text = config(
        dsn=server.dsn(user="rotating", password=None),
        server=f'password_file = "{secret.path("password")}"',
        more=f'[rules]\ndirectories = ["{rules.folder}"]\n[collect]\ndirectory = "{collectors.folder}"\n',
    )
    agent = making.keep(MountedAgent(Mount(tmp_path / "config", pgvigil_toml=text)))
    agent.wait_value(1, "test_mine")
    assert "First" in rule_names(agent)
    rules.write(mine_toml=rule("Second"), more_toml=rule("Third"))
    until(lambda: {"Second", "Third"} <= rule_names(agent) and "First" not in rule_names(agent), "other rules are in force")
    collectors.write(mine_toml=custom_collector("mine", "select 2 as value"))
    agent.wait_value(2, "test_mine")
    server.run("alter role rotating password 'second'")
    secret.write(password="second")
    server.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotating'")
    until(lambda: server.sessions("rotating") and agent.value("pg_up") == 1, "it is connected with the new password")
    assert agent.value("pgvigil_worker_restarts_total") in (None, 0)


def test_a_change_in_the_middle_of_a_reload_is_not_lost(agent, server):
    # A file is read 0.3 s after its last change: the second change comes at about that moment.
    for turn in range(20):
        agent.write(config(server, more=f'[labels]\nturn = "{turn} first"\n'))
        time.sleep(0.295 + turn * 0.002)
        agent.write(config(server, more=f'[labels]\nturn = "{turn} second"\n'))
        until(
            lambda: agent.scrape(collect=["roles"]).has("pg_roles_connection_limit", turn=f"{turn} second"),
            f"change {turn} is in force",
            seconds=20,
        )


def test_reloads_leave_sessions_threads_and_descriptors_as_they_were(agent, server):
    agent.fetch()
    threads, descriptors = agent.threads(), agent.descriptors()
    for turn in range(10):
        agent.write(config(server, more=f'[labels]\nturn = "{turn}"\n'))
        assert agent.reload().status == 200
    agent.wait_ready()
    until(lambda: agent.threads() <= threads + 1, "threads are as before")
    until(lambda: agent.descriptors() <= descriptors + 2, "descriptors are as before")
    until(lambda: len(server.sessions()) <= 3, "sessions are as before")
    stays(lambda: agent.value("pg_up", turn="9") == 1, "the last configuration is in force", 1)
