"""Several servers in one process: each is watched for itself, and a scrape shows all of them."""

import concurrent.futures
import time
import urllib.parse

import pytest

from support import exposition
from support.agent import OPENMETRICS, TEXT, command
from support.cluster import PASSWORD
from support.config import QUICK, fleet_config, server_entry
from support.peers import promtool_check_metrics
from support.waiting import stays, until

QUICK_ONES = f'[collector.locks]\nevery = "{QUICK}"\n[collector.stat_database]\nevery = "{QUICK}"\n'


@pytest.fixture(scope="module")
def clusters(shared):
    """Two servers; tests leave them as they are."""
    return {"orders": shared.cluster(), "billing": shared.cluster()}


@pytest.fixture(scope="module")
def agent(shared, clusters):
    return shared.agent(fleet_config(clusters, more=QUICK_ONES + '[labels]\ncluster = "eu"\n'))


def server_of(agent, name):
    """What /status says of one server."""
    return next(one for one in agent.status()["servers"] if one["name"] == name)


def runs_of(agent, name, collector="locks"):
    return next(one["runs"] for one in server_of(agent, name)["collectors"] if one["name"] == collector)


def backends(cluster):
    """The sessions that pgvigil has there; one of them is held for good, others come and go."""
    return set(cluster.sessions())


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
@pytest.mark.parametrize("packed", [False, True])
def test_a_scrape_shows_every_server_in_families_that_stand_once(agent, clusters, accept, packed):
    # The strict reader refuses a family that comes twice, and a series that does.
    families = agent.scrape(accept, packed)
    for name in clusters:
        assert families.value("pg_up", target=name, cluster="eu") == 1
        assert families.value("pg_locks_count", target=name, cluster="eu", datname="postgres", mode="accesssharelock") >= 0
        assert families.value("pgvigil_collector_success", target=name, cluster="eu", collector="locks") == 1


def test_promtool_reads_a_scrape_of_two_servers(agent):
    # It fails when it cannot parse; of our own metrics it has nothing to say.
    complaints = promtool_check_metrics(agent.fetch().text)
    assert not [line for line in complaints if line.startswith("pgvigil_")]


def test_one_server_can_be_scraped_alone(agent):
    alone = agent.get("/metrics?target=billing").text
    assert 'pg_up{cluster="eu",target="billing"} 1' in alone and 'target="orders"' not in alone
    assert "process_cpu_seconds_total" not in alone
    locks = agent.get("/metrics?target=billing&collect[]=locks").text
    assert 'target="billing"' in locks and "pg_stat_database" not in locks and "pg_up" not in locks
    unknown = agent.get("/metrics?target=nobody")
    assert unknown.status == 404 and "orders, billing" in unknown.text and "nobody" not in unknown.text


def test_the_status_page_shows_each_server(agent, clusters):
    page = agent.get("/").text
    status = agent.status()
    assert [one["name"] for one in status["servers"]] == list(clusters)
    assert "server" not in status
    for name in clusters:
        assert f'id="{name}"' in page
        assert server_of(agent, name)["server"]["up"] is True


def test_check_and_collect_work_over_all_servers(agent):
    everything = command("check", "--config", agent.config_file)
    assert everything.returncode == 0, everything.stdout + everything.stderr
    assert "== orders ==" in everything.stdout and "== billing ==" in everything.stdout
    one = command("check", "--config", agent.config_file, "--server", "billing")
    assert "== orders ==" not in one.stdout and one.returncode == 0
    metrics = command("collect", "locks", "--config", agent.config_file, "--format", "metrics").stdout
    assert metrics.count("# TYPE pg_locks_count gauge") == 1
    assert 'target="orders"' in metrics and 'target="billing"' in metrics
    wrong = command("collect", "locks", "--config", agent.config_file, "--server", "biling")
    assert wrong.returncode == 2 and "Did you mean 'billing'?" in wrong.stderr


def test_a_frozen_server_holds_up_no_other(making):
    frozen, well = making.cluster(), making.cluster()
    agent = making.agent(fleet_config({"frozen": frozen, "well": well}, more=QUICK_ONES))
    frozen.freeze()
    agent.wait_value(0, "pg_up", target="frozen")
    before = runs_of(agent, "well")
    held = backends(well)
    until(lambda: runs_of(agent, "well") >= before + 5, "the other server's collectors go on")
    stays(lambda: agent.value("pg_up", target="well") == 1, "the other server is up", 5)
    assert held & backends(well)
    assert server_of(agent, "frozen")["server"]["trouble"]["kind"] == "timed_out"
    assert agent.median_scrape_seconds() < 0.5
    assert agent.get("/livez").status == 200 and agent.get("/readyz").status == 200
    assert "server=frozen" in agent.log() and "server=well" in agent.log()
    frozen.thaw()
    agent.wait_value(1, "pg_up", target="frozen")
    frozen.freeze()
    agent.wait_value(0, "pg_up", target="frozen")
    seconds, status = agent.stop()
    assert status == 0 and seconds < 5
    frozen.thaw()


def test_a_wrong_password_and_a_server_that_is_not_there_are_named_and_hurt_nobody(making, clusters):
    gone = making.cluster()
    gone.stop()
    agent = making.agent(
        "\n".join(
            [
                server_entry("well", clusters["orders"].dsn()),
                server_entry("locked_out", clusters["billing"].dsn(password="wrong-battery")),
                server_entry("gone", gone.dsn()),
                QUICK_ONES,
            ]
        )
    )
    # It is ready though two of three can give no numbers: why is known.
    agent.wait_value(1, "pgvigil_server_state", target="locked_out", state="authentication")
    agent.wait_value(1, "pgvigil_server_state", target="gone", state="unreachable")
    assert agent.value("pg_up", target="well") == 1
    assert agent.get("/readyz").status == 200
    assert "wrong-battery" not in agent.log() + agent.get("/").text + agent.get("/status").text
    gone.start()
    agent.wait_value(1, "pg_up", target="gone")


def test_nothing_is_ready_while_no_server_has_given_a_number(making):
    gone = making.cluster()
    gone.stop()
    agent = making.agent(server_entry("gone", gone.dsn()), ready=False)
    agent.wait_value(1, "pgvigil_server_state", target="gone", state="unreachable")
    assert agent.get("/readyz").status == 503


def test_a_reload_adds_changes_and_removes_servers_and_leaves_the_others_alone(making):
    kept, changed, added = making.cluster(), making.cluster(), making.cluster()
    agent = making.agent(fleet_config({"kept": kept, "changed": changed}))
    sessions = backends(kept)
    changed_sessions = backends(changed)
    entries = [
        server_entry("kept", kept.dsn()),
        server_entry("changed", changed.dsn(), 'lock_timeout = "50ms"'),
        server_entry("added", added.dsn()),
    ]
    agent.write("\n".join(entries))
    assert agent.reload().status == 200
    agent.wait_value(1, "pg_up", target="added")
    agent.wait_value(1, "pg_up", target="changed")
    assert backends(kept) & sessions
    assert not backends(changed) & changed_sessions

    agent.write("\n".join(entries[:1]))
    assert agent.reload().status == 200
    assert [one["name"] for one in agent.status()["servers"]] == ["kept"]
    assert 'target="added"' not in agent.fetch().text
    until(lambda: not added.sessions() and not changed.sessions(), "the sessions of the removed ones are gone")
    assert backends(kept) & sessions
    agent.wait_value(1, "pg_up", target="kept")


def test_a_mistake_of_one_server_leaves_all_as_they_are(making, clusters):
    agent = making.agent(fleet_config(clusters))
    sessions = {name: backends(cluster) for name, cluster in clusters.items()}
    agent.write(fleet_config(clusters) + server_entry("orders", clusters["orders"].dsn()))
    refused = agent.reload()
    assert refused.status >= 400 and "another server is called 'orders'" in refused.text
    assert agent.value("pg_up", target="billing") == 1
    assert all(backends(cluster) & sessions[name] for name, cluster in clusters.items())


def test_all_servers_together_have_no_more_series_than_they_may(making, clusters):
    agent = making.agent(fleet_config(clusters, more="[limits]\nmax_total_series = 300\n"))
    assert agent.value("pgvigil_series_limit") == 300
    agent.wait_value(300, "pgvigil_series")
    families = agent.scrape()
    assert families.value("pgvigil_series_dropped_total") > 0
    cut = [
        (server["name"], one["name"])
        for server in agent.status()["servers"]
        for one in server["collectors"]
        if one["series_over_total"]
    ]
    assert cut and "max_total_series" in agent.get("/").text and "event=series_over_total" in agent.log()
    name, collector = cut[0]
    assert families.value("pgvigil_collector_series_dropped_total", target=name, collector=collector) > 0


# /probe

MODULE = """
[probe]
wait = "20s"
[auth_module.local]
targets = ["127.0.0.1:*"]
user = "pgvigil"
password_variable = "PROBE_PASSWORD"
options = { sslmode = "disable" }
"""


def probe(agent, target, module="local"):
    query = urllib.parse.urlencode({"target": target, "auth_module": module})
    return agent.get("/probe?" + query)


def probing_agent(making, clusters, more=MODULE, **choices):
    return making.agent(fleet_config(clusters, more=more), env={"PROBE_PASSWORD": PASSWORD}, **choices)


def test_a_probe_of_a_configured_server_needs_no_module(agent):
    answer = agent.get("/probe?target=billing")
    assert answer.status == 200
    families = exposition.parse(answer.text)
    assert families.value("pg_up", target="billing", cluster="eu") == 1
    assert 'target="orders"' not in answer.text and "process_cpu_seconds_total" not in answer.text


def test_without_a_module_no_other_server_is_probed(agent, clusters):
    refused = agent.get(f"/probe?target=127.0.0.1:{clusters['orders'].port}")
    assert refused.status == 400 and "[auth_module." in refused.text
    assert agent.get("/probe").status == 400


def test_whoever_only_probes_has_no_server_that_is_down(making):
    """Not that of libpq's defaults, which nobody named."""
    other = making.cluster()
    agent = probing_agent(making, {})
    assert agent.get("/readyz").status == 200
    assert not exposition.parse(agent.fetch().text).has("pg_up")
    assert agent.value("pgvigil_postgres_servers") == 0  # so that PostgresMetricsAbsent does not miss them
    target = f"127.0.0.1:{other.port}"
    assert exposition.parse(probe(agent, target).text).value("pg_up", target=target) == 1
    checked = command("check", "--config", agent.config_file, env={"PROBE_PASSWORD": PASSWORD})
    assert checked.returncode == 0 and "no server is named" in checked.stdout
    assert command("check", "--config", agent.config_file, "--server", "x", env={"PROBE_PASSWORD": PASSWORD}).returncode == 2


def test_the_first_probe_brings_numbers_and_later_ones_ask_no_more(making, clusters):
    other = making.cluster()
    agent = probing_agent(making, clusters)
    target = f"127.0.0.1:{other.port}"
    first = probe(agent, target)
    assert first.status == 200
    families = exposition.parse(first.text)
    assert families.value("pg_up", target=target) == 1
    assert families.value("pg_locks_count", target=target, datname="postgres", mode="accesssharelock") >= 0
    # It lives beside the configured ones, and does not show among them.
    assert target not in agent.fetch().text
    assert agent.value("pgvigil_probe_targets") == 1
    assert [one["name"] for one in agent.status()["probed"]] == [target]
    assert target in agent.get("/").text
    # Frozen: what is known is told at once.
    other.freeze()
    start = time.monotonic()
    assert probe(agent, target).status == 200
    assert time.monotonic() - start < 2
    other.thaw()
    for page in (agent.get("/").text, agent.get("/status").text, agent.fetch().text, probe(agent, target).text, agent.log()):
        assert PASSWORD not in page


def test_probes_that_may_not_be_are_refused(making, clusters):
    agent = probing_agent(making, clusters)
    port = clusters["orders"].port
    assert probe(agent, f"127.0.0.2:{port}").status == 403
    assert probe(agent, f"127.0.0.1:{port}", "nobody").status == 400
    assert probe(agent, f"postgresql://me:secret-word@127.0.0.1:{port}/postgres").status == 400
    assert "secret-word" not in agent.log() + agent.get("/").text
    assert agent.value("pgvigil_probe_targets") == 0
    agent.wait_value(1, "pgvigil_probes_refused_total", reason="forbidden")
    agent.wait_value(2, "pgvigil_probes_refused_total", reason="malformed")


def test_a_probe_of_a_frozen_server_is_bounded_and_holds_up_nobody(making, clusters):
    frozen = making.cluster()
    frozen.freeze()
    agent = probing_agent(making, clusters, more=MODULE.replace('"20s"', '"2s"'))
    targets = [f"127.0.0.1:{frozen.port}/database_{number}" for number in range(8)]
    with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
        answers = [pool.submit(probe, agent, target) for target in targets]
        # Half of the threads stay for those who do not wait.
        assert agent.median_scrape_seconds(5) < 1
        statuses = [answer.result().status for answer in answers]
    assert set(statuses) <= {200, 503} and 200 in statuses and 503 in statuses
    # Known to be watched, and by then known to be silent: no probe waits any more.
    until(lambda: probe(agent, targets[0]).status == 200, "the frozen server is shown")
    assert exposition.parse(probe(agent, targets[0]).text).value("pg_up", target=targets[0]) == 0
    seconds, status = agent.stop()
    assert status == 0 and seconds < 5
    frozen.thaw()


def test_a_target_that_nobody_probes_is_forgotten(making, clusters):
    other = making.cluster()
    agent = probing_agent(making, clusters, more=MODULE.replace("[probe]", '[probe]\nforget_after = "10s"'))
    assert probe(agent, f"127.0.0.1:{other.port}").status == 200
    assert other.sessions()
    agent.wait_value(0, "pgvigil_probe_targets")
    until(lambda: not other.sessions(), "the sessions are gone")
