"""TLS by libpq: a server is believed only when our authority vouches for its name."""

import os
import subprocess
import time

import pytest

from support import dashboards, places
from support.waiting import until

HBA = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)


def make_authority(folder, name):
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.crt",
        "-days",
        "2",
        "-subj",
        f"/CN=pgvigil test authority {name}",
        folder=folder,
    )
    return os.path.join(folder, f"{name}.crt")


def make_server_certificate(folder, authority, address, days=2):
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
        file.write(f"subjectAltName=IP:{address}\n")
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=server",
        folder=folder,
    )
    openssl(
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        f"{authority}.crt",
        "-CAkey",
        f"{authority}.key",
        "-CAcreateserial",
        "-out",
        "server.crt",
        "-days",
        str(days),
        "-extfile",
        "names",
        folder=folder,
    )
    for name in ("server.key", "server.crt"):
        places.give_to_server_user(os.path.join(folder, name))
    os.chmod(os.path.join(folder, "server.key"), 0o600)


@pytest.fixture(scope="module")
def folder():
    path = places.new_folder("tls")
    yield path
    places.remove_folder(path)


@pytest.fixture(scope="module")
def server(shared, folder):
    make_authority(folder, "good")
    make_authority(folder, "other")
    make_server_certificate(folder, "good", "127.0.0.1")
    return shared.cluster(
        hba=HBA,
        settings={
            "ssl": "on",
            "ssl_cert_file": f"{folder}/server.crt",
            "ssl_key_file": f"{folder}/server.key",
        },
    )


def dsn(server, folder, authority, mode="verify-full"):
    return server.dsn(more=f"sslmode={mode} sslrootcert={folder}/{authority}.crt")


def test_verify_full_with_the_right_authority_works(making, server, folder):
    agent = making.agent_of(server, dsn=dsn(server, folder, "good"))
    assert agent.value("pg_up") == 1
    encrypted = server.rows(
        "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'pgvigil'"
    )
    assert encrypted and all(row[0] for row in encrypted)
    assert agent.value("pgvigil_encrypted_sessions", protocol="TLSv1.3", via="network") >= 1


def test_an_authority_that_did_not_sign_is_named(making, server, folder):
    agent = making.agent_of(server, dsn=dsn(server, folder, "other"), ready=False)
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    assert agent.value("pg_up") == 0
    assert "certificate" in agent.status()["server"]["trouble"]["message"].lower()
    assert not server.sessions()


def test_a_certificate_for_another_name_is_refused(making, server, folder):
    agent = making.agent_of(
        server, dsn=dsn(server, folder, "good").replace("127.0.0.1", "localhost", 1), ready=False
    )
    agent.wait_value(1, "pgvigil_server_state", state="unreachable")
    assert "localhost" in agent.status()["server"]["trouble"]["message"]


def test_no_encryption_where_the_server_wants_it_is_named(making, server, folder):
    agent = making.agent_of(server, dsn=server.dsn(more="sslmode=disable"), ready=False)
    agent.wait_value(1, "pgvigil_server_state", state="authentication")
    assert "encryption" in agent.status()["server"]["trouble"]["message"]


SOON = """
[override.PostgresTlsCertificateExpiry]
for = "0s"
"""


def test_a_certificate_that_ends_soon_is_told_until_a_new_one_is_shown(making, server, folder):
    agent = making.agent_of(server, dsn=dsn(server, folder, "good"), server='canary = "1s"',
                            more='[rules]\nevaluation_interval = "1s"\n')
    agent.write_rules(SOON)
    assert agent.reload().status == 200

    def days_left():
        return (agent.value("pgvigil_tls_certificate_not_after_seconds") - time.time()) / 86400

    def alert():
        return next((one for one in agent.status()["alerts"] if one["name"] == "PostgresTlsCertificateExpiry"), None)

    assert 1.5 < days_left() <= 2
    [query] = dashboards.queries_of("pgvigil-instance", "TLS certificate")
    [shown] = until(lambda: dashboards.ask(agent, query), query)
    assert 1.5 < float(shown["value"][1]) <= 2
    assert "ends in 1d 23h" in until(alert, "it is told")["summary"]
    make_server_certificate(folder, "good", "127.0.0.1", days=30)
    server.run("select pg_reload_conf()")
    until(lambda: 29 < days_left() <= 30, "the new one is seen")
    until(lambda: alert() is None, "it is over")


def test_without_tls_there_is_no_certificate(making):
    agent = making.agent_of(making.cluster())
    assert "pgvigil_tls_certificate_not_after_seconds" not in agent.fetch().text
