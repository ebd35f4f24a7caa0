"""What a configuration can change, and how its mistakes are told."""

import json

import pytest

from support.agent import command
from support.config import QUICK, config, custom_collector
from support.waiting import until


@pytest.fixture(scope="module")
def server(shared):
    server = shared.cluster()
    for name in ("orders", "invoices", "order_lines"):
        server.run(f"create table {name} (id int primary key)")
    return server


def relations(families):
    return {labels["relname"] for labels in families["pg_stat_user_tables_n_live_tup"].label_sets()}


def test_a_collector_can_be_switched_off(making, server):
    agent = making.agent_of(server, more="[collector.locks]\nenabled = false\n")
    assert "pg_locks_count" not in agent.scrape()
    assert agent.collector("locks") is None


def test_an_interval_can_be_set(making, server):
    agent = making.agent_of(server, more=f'[collector.roles]\nevery = "{QUICK}"\n')
    assert agent.value("pgvigil_collector_interval_seconds", collector="roles") == 1
    runs = lambda: agent.value("pgvigil_collector_runs_total", collector="roles")  # noqa: E731
    until(lambda: runs() >= 4, "it ran four times", pause=0.5)
    assert agent.value("pgvigil_collector_runs_total", collector="settings") <= 2


def test_a_timeout_bites(making, server):
    agent = making.agent_of(
        server,
        more='[collector.slow]\ntimeout = "200ms"\n',
        collectors={"slow": custom_collector("slow", "select 1 as value from pg_sleep(3)")},
    )
    agent.wait_state("slow", "failed")
    assert agent.value("pgvigil_collector_failures_total", collector="slow", kind="cancelled") >= 1
    assert agent.value("pg_up") == 1


def test_max_series_bites_and_is_counted(making, server):
    agent = making.agent_of(
        server, more="[collector.settings]\nmax_series = 10\n[collector.locks]\nmax_series = 4\n"
    )
    families = agent.scrape()
    assert len([name for name in families if name.startswith("pg_settings_")]) == 10
    assert len(families["pg_locks_count"].samples) == 4
    assert families.value("pgvigil_collector_series_dropped_total", collector="locks") > 0


def test_label_filters_leave_rows_out_and_count_them(making, server):
    agent = making.agent_of(
        server, more='[collector.stat_user_tables.filter]\nrelname = ["order*", "!order_l*"]\n'
    )
    assert relations(agent.scrape()) == {"orders"}
    assert agent.value("pgvigil_collector_filtered_rows", collector="stat_user_tables") == 2


def test_a_general_filter_holds_for_every_collector_with_that_label(making, server):
    agent = making.agent_of(server, more='[filter]\nrelname = ["order*"]\n')
    families = agent.scrape()
    for name in ("pg_stat_user_tables_n_live_tup", "pg_stat_user_tables_table_size_bytes"):
        found = {labels["relname"] for labels in families[name].label_sets()}
        assert found and all(relname.startswith("order") for relname in found), name
    assert families.value("pgvigil_collector_filtered_rows", collector="table_size") >= 1
    assert not [one for one in agent.status()["collectors"] if one["state"] == "failed"]


def test_the_log_can_be_json_and_quieter(making, server):
    agent = making.agent_of(server, more='[log]\nformat = "json"\n')
    lines = agent.log().splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)
    quiet = making.agent_of(server, more='[log]\nlevel = "error"\n')
    assert "server_facts" not in quiet.log()


MISTAKES = [
    ('[colector.locks]\nevery = "1s"\n', "collector"),
    ('[collector.lokcs]\nevery = "1s"\n', "locks"),
    ('[collector.locks]\nevry = "1s"\n', "every"),
    ('[collector.locks]\nevery = "fast"\n', "every"),
    ('[compatibility]\npostgres_exporter = "0.21"\n', "0.20"),
    ("[collector.locks\n", ""),
]


@pytest.mark.parametrize("text,near", MISTAKES)
def test_check_names_a_mistake_with_its_line_and_what_was_meant(server, tmp_path, text, near):
    path = tmp_path / "pgvigil.toml"
    whole = config(server, more=text)
    path.write_text(whole)
    checked = command("check", "--config", str(path))
    assert checked.returncode == 2
    line = next(number for number, one in enumerate(whole.splitlines(), 1) if one == text.splitlines()[0])
    told = checked.stderr
    assert any(f"{path}:{number}" in told for number in (line, line + 1)), told
    assert near in told


def test_every_mistake_is_told_at_once(server, tmp_path):
    path = tmp_path / "pgvigil.toml"
    path.write_text(config(server, more='[log]\nformat = "xml"\n[limits]\nmax_series = "many"\n[httpd]\n'))
    told = command("check", "--config", str(path)).stderr
    assert told.count(str(path)) >= 3, told


def test_a_mistake_in_a_definition_is_named_with_its_file(server, tmp_path):
    folder = tmp_path / "collectors.d"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        custom_collector("mine", "select 1 as value").replace('type = "gauge"', 'type = "gague"')
    )
    (tmp_path / "pgvigil.toml").write_text(config(server))
    checked = command("check", "--config", str(tmp_path / "pgvigil.toml"))
    assert checked.returncode == 2
    assert "mine.toml" in checked.stderr and "gauge" in checked.stderr


RULE = """[[rule]]
alert = "Mine"
expr = '{expr}'
for = "5m"
labels = {{ severity = "warning" }}
annotations = {{ summary = "it is so" }}
"""


def check_with_rule(server, tmp_path, text):
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d/mine.toml").write_text(text)
    (tmp_path / "pgvigil.toml").write_text(config(server))
    return command("check", "--config", str(tmp_path / "pgvigil.toml"))


def test_check_names_a_mistake_in_a_rule_with_its_place(server, tmp_path):
    checked = check_with_rule(server, tmp_path, RULE.format(expr="pg_up == bool"))
    assert checked.returncode == 2
    assert "mine.toml:3:" in checked.stderr, checked.stderr


def test_check_warns_of_a_rule_that_is_likely_to_be_wrong(server, tmp_path):
    checked = check_with_rule(server, tmp_path, RULE.format(expr="pg_upp == 0"))
    assert checked.returncode in (0, 1), checked.stderr  # the warning changes nothing about it
    assert "1 warnings" in checked.stdout and "mine.toml:3:" in checked.stdout and "pg_upp" in checked.stdout


def test_check_tells_how_much_of_the_past_is_kept(server, tmp_path):
    path = tmp_path / "pgvigil.toml"
    path.write_text(config(server))
    assert "history        up to " in command("check", "--config", str(path)).stdout
    path.write_text(config(server, more='[history]\nmax_bytes = "5MB"\n'))
    assert "history        up to 5MB\n" in command("check", "--config", str(path)).stdout


def test_check_tells_of_a_custom_collector_that_fails(server, tmp_path):
    folder = tmp_path / "collectors.d"
    folder.mkdir()
    (folder / "mine.toml").write_text(custom_collector("mine", "select value from public.no_such_table"))
    (tmp_path / "pgvigil.toml").write_text(config(server))
    checked = command("check", "--config", str(tmp_path / "pgvigil.toml"))
    assert checked.returncode == 1
    assert "no_such_table" in checked.stdout
