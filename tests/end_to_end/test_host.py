"""The host as seen from here: cgroup v2 files, made up and real, and volumes."""

import os
import shutil

import pytest

from support import places
from support.agent import command
from support.config import config, every, toml_string
from support.waiting import until

QUICKLY = every("1s", "host_cpu", "host_memory", "host_pressure", "volumes")
FILES = {
    "cgroup.controllers": "cpu memory\n",
    "cpu.stat": "usage_usec 5000000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 250000\n",
    "cpu.max": "50000 100000\n",
    "memory.current": "1048577\n",
    "memory.max": "max\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 1\noom_kill 1\n",
}


def real_cgroup():
    """Where this machine has a cgroup v2, alone or beside v1; None when it has none."""
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(os.path.join(folder, "cgroup.controllers")):
            return folder
    return None


class Tree:
    """A folder that looks like a cgroup."""

    def __init__(self):
        self.path = places.new_folder("cgroup")
        for name, text in FILES.items():
            self.put(name, text)

    def put(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def host(**paths):
    return "[host]\n" + "".join(f"{key} = {toml_string(path)}\n" for key, path in paths.items()) + QUICKLY


@pytest.fixture
def tree(making):
    return making.keep(Tree())


def test_throttling_and_memory_of_a_cgroup_are_told(making, cluster, tree):
    agent = making.agent(config(cluster) + host(cgroup=tree.path))
    agent.wait_value(0.25, "pgvigil_host_cpu_throttled_seconds_total")
    assert agent.value("pgvigil_host_cpu_limit_cores") == 0.5
    assert agent.value("pgvigil_host_memory_bytes") == 1048577
    assert agent.value("pgvigil_host_memory_oom_kills_total") == 1
    assert agent.value("pgvigil_host_memory_limit_bytes") is None
    assert agent.value("pg_up") == 1
    tree.put("memory.current", "2097153\n")
    agent.wait_value(2097153, "pgvigil_host_memory_bytes")
    assert agent.value("pgvigil_collector_unsupported", collector="volumes") == 1
    assert agent.value("pgvigil_collector_unsupported", collector="host_pressure") == 1


def test_without_a_section_nothing_of_the_host_is_looked_at(making, cluster):
    agent = making.agent_of(cluster)
    assert not [name for name in agent.scrape() if name.startswith(("pgvigil_host", "pgvigil_volume"))]
    assert len(agent.status()["servers"]) == 1


def test_the_cgroup_of_this_machine_is_read(making, cluster):
    folder = real_cgroup()
    agent = making.agent(config(cluster) + host(cgroup=folder or "/sys/fs/cgroup"))
    if folder is None:
        until(lambda: agent.value("pgvigil_collector_unsupported", collector="host_cpu") == 1, "it says so")
        return
    before = until(lambda: agent.value("pgvigil_host_cpu_seconds_total"), "CPU time is read")
    until(lambda: agent.value("pgvigil_host_cpu_seconds_total") > before, "it grows")
    with open(os.path.join(folder, "cpu.stat"), encoding="utf-8") as file:
        now = int(file.readline().split()[1]) / 1e6
    assert agent.value("pgvigil_host_cpu_seconds_total") <= now


def test_volumes_tell_their_room(making, cluster):
    agent = making.agent(config(cluster) + host(data=cluster.data, wal=os.path.join(cluster.data, "none")))
    agent.wait_value(1, "pgvigil_volume_answers", volume="data")
    agent.wait_value(0, "pgvigil_volume_answers", volume="wal")
    told = os.statvfs(cluster.data)
    assert agent.value("pgvigil_volume_size_bytes", volume="data") == told.f_blocks * told.f_frsize
    assert 0 < agent.value("pgvigil_volume_available_bytes", volume="data") < told.f_blocks * told.f_frsize
    assert agent.value("pgvigil_volume_size_bytes", volume="wal") is None


def test_a_cgroup_that_appears_later_is_taken_up(making, cluster, tree):
    shutil.move(tree.path, tree.path + "-away")
    try:
        agent = making.agent(config(cluster) + host(cgroup=tree.path))
        until(lambda: agent.value("pgvigil_collector_unsupported", collector="host_cpu") == 1, "it is not there")
        shutil.move(tree.path + "-away", tree.path)
        agent.wait_value(5, "pgvigil_host_cpu_seconds_total")
    finally:
        shutil.rmtree(tree.path + "-away", ignore_errors=True)


def test_check_and_collect_look_at_the_host_too(making, cluster, tree):
    agent = making.agent(config(cluster) + host(cgroup=tree.path, data=cluster.data))
    checked = command("check", "--config", agent.config_file)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"host           cgroup {tree.path}" in checked.stdout
    collected = command("collect", "host_cpu", "--format", "metrics", "--config", agent.config_file)
    assert "pgvigil_host_cpu_throttled_seconds_total 0.25" in collected.stdout
