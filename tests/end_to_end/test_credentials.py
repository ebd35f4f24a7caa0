"""Who connects and by which secret: from wherever it comes, and never seen anywhere."""

import os

import pytest

from support.cluster import PASSWORD
from support.config import QUICK, every

WRONG = "wrong-horse-battery"
NEW = "rotated-horse-battery"


@pytest.fixture(scope="module")
def server(shared):
    return shared.cluster()


def write_secret(folder, name, text):
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(path + ".new", path)
    return path


def everything_shown(agent):
    return agent.log() + agent.get("/").text + agent.get("/status").text + agent.fetch().text


# Zero configuration: what the environment may say


def by_name(server, folder):
    return {"DATA_SOURCE_NAME": server.uri()}


def by_conninfo(server, folder):
    return {"DATA_SOURCE_NAME": server.dsn()}


def by_parts(server, folder):
    return {
        "DATA_SOURCE_URI": f"127.0.0.1:{server.port}/postgres?sslmode=disable",
        "DATA_SOURCE_USER": "pgvigil",
        "DATA_SOURCE_PASS": PASSWORD,
    }


def by_files(server, folder):
    return {
        "DATA_SOURCE_URI_FILE": write_secret(
            folder, "uri", f"127.0.0.1:{server.port}/postgres?sslmode=disable"
        ),
        "DATA_SOURCE_USER_FILE": write_secret(folder, "user", "pgvigil"),
        "DATA_SOURCE_PASS_FILE": write_secret(folder, "password", PASSWORD),
    }


def by_libpq(server, folder):
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGUSER": "pgvigil",
        "PGDATABASE": "postgres",
        "PGPASSWORD": PASSWORD,
    }


def by_passfile(server, folder):
    path = write_secret(folder, "pgpass", f"127.0.0.1:{server.port}:*:pgvigil:{PASSWORD}")
    os.chmod(path, 0o600)
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGUSER": "pgvigil",
        "PGDATABASE": "postgres",
        "PGPASSFILE": path,
    }


@pytest.mark.parametrize("says", [by_name, by_conninfo, by_parts, by_files, by_libpq, by_passfile])
def test_without_a_file_the_environment_names_the_server(making, server, tmp_path, says):
    agent = making.agent(env=says(server, str(tmp_path)))
    assert agent.value("pg_up") == 1
    assert agent.status()["server"]["facts"]["user"] == "pgvigil"
    assert PASSWORD not in everything_shown(agent)


def test_a_password_with_every_odd_character_is_taken_from_parts(making, server, tmp_path):
    odd = "a b'c\"d\\e/f@g:h%i?j#k"
    server.create_role("odd", password=odd)
    agent = making.agent(
        env={**by_parts(server, str(tmp_path)), "DATA_SOURCE_USER": "odd", "DATA_SOURCE_PASS": odd}
    )
    assert agent.value("pg_up") == 1
    assert odd not in everything_shown(agent)


@pytest.mark.parametrize("password", [WRONG, None])
def test_a_refused_password_is_named_and_not_shown(making, server, password):
    agent = making.agent_of(server, dsn=server.dsn(password=password), ready=False)
    agent.wait_value(1, "pgvigil_server_state", state="authentication")
    assert agent.value("pg_up") == 0
    trouble = agent.status()["server"]["trouble"]
    assert trouble["kind"] == "authentication" and trouble["hint"]
    assert WRONG not in everything_shown(agent)


def test_a_missing_password_file_is_named(making, server):
    agent = making.agent_of(
        server, dsn=server.dsn(password=None), server='password_file = "/nonexistent/secret"', ready=False
    )
    agent.wait_value(1, "pgvigil_server_state", state="configuration")
    assert "/nonexistent/secret" in agent.status()["server"]["trouble"]["message"]


def test_a_rotated_password_file_is_taken_up_without_a_restart(making, tmp_path):
    server = making.cluster()
    path = write_secret(str(tmp_path), "password", PASSWORD)
    agent = making.agent_of(
        server, dsn=server.dsn(password=None), server=f'password_file = "{path}"', more=every(QUICK, "locks")
    )
    assert agent.value("pg_up") == 1
    server.run("alter role pgvigil password %s", (NEW,))
    server.terminate()
    agent.wait_value(1, "pgvigil_server_state", state="authentication")
    write_secret(str(tmp_path), "password", NEW)
    agent.wait_value(1, "pg_up")
    agent.wait_state("locks", "good")
    shown = everything_shown(agent)
    assert PASSWORD not in shown and NEW not in shown


def test_a_password_in_the_configuration_is_refused_and_not_repeated(making, server):
    agent = making.agent_of(server, server=f'password = "{WRONG}"', ready=False)
    agent.wait_log("config_refused")
    assert WRONG not in everything_shown(agent)
