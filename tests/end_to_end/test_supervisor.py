"""`run --supervise`: the container stays, whatever happens to the worker; and `probe` for its probes."""

import os
import signal

import pytest

from support import places
from support.agent import command
from support.process import is_alive
from support.waiting import stays, until


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster()


@pytest.fixture
def agent(making, server):
    return making.agent_of(server, options=["--supervise"])


def answers(agent, path="/livez"):
    try:
        return agent.get(path).status == 200
    except OSError:
        return False


def test_a_killed_worker_is_replaced_and_counted(agent):
    assert agent.value("pgvigil_worker_restarts_total") == 0
    first = agent.worker_pid()
    assert first and first != agent.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: agent.worker_pid() not in (None, first), "there is another worker")
    until(lambda: answers(agent), "/livez answers")
    until(lambda: agent.value("pgvigil_worker_restarts_total") == 1, "the restart is counted", pause=0.5)
    agent.wait_value(1, "pg_up")
    assert agent.running()


def test_somebody_always_answers_while_workers_die(agent):
    parent = agent.pid
    for _ in range(3):
        worker = until(agent.worker_pid, "there is a worker")
        os.kill(worker, signal.SIGKILL)
        until(lambda: answers(agent, "/metrics") and answers(agent), "metrics and livez answer", seconds=10)
    assert agent.running() and agent.pid == parent


def test_while_no_worker_runs_metrics_tell_that_and_claim_nothing_of_the_server(agent):
    def told():
        worker = agent.worker_pid()
        if worker:
            os.kill(worker, signal.SIGKILL)
        families = agent.scrape()
        return families if families.value("pgvigil_worker_up") == 0 else None

    families = until(told, "the supervisor answers by itself", pause=0.05)
    assert not families.has("pg_up") and not families.has("pg_locks_count")
    assert families.value("pgvigil_worker_restarts_total") >= 1
    assert families.has("pgvigil_worker_last_exit_info", code="SIGKILL")
    agent.wait_value(1, "pg_up", seconds=120)


def test_a_worker_of_a_killed_supervisor_ends_too(server, making):
    agent = making.agent_of(server, options=["--supervise"])
    worker = agent.worker_pid()
    os.kill(agent.pid, signal.SIGKILL)
    until(lambda: not is_alive(worker), "the worker has ended", seconds=20)
    until(lambda: not server.sessions(), "its sessions are closed", seconds=20)


def test_sighup_reaches_the_worker(agent):
    before = agent.log().count("config_taken")
    agent.send(signal.SIGHUP)
    until(lambda: agent.log().count("config_taken") > before, "the worker has read its configuration again")


def test_the_supervisor_is_small(agent):
    stays(lambda: agent.private_bytes() < 4_000_000 and agent.threads() <= 2, "the parent takes little", 1)


def test_probe_tells_by_its_exit_status(agent):
    address = f"http://127.0.0.1:{agent.port}"
    assert command("probe", f"{address}/livez").returncode == 0
    assert command("probe", f"{address}/readyz").returncode == 0
    assert command("probe", f"{address}/no/such/page").returncode == 1
    assert command("probe", f"http://127.0.0.1:{places.free_port()}/livez").returncode == 1
    assert command("probe", "no address at all").returncode == 2
