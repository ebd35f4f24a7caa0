"""Clients that misbehave hold up nobody, and learn nothing."""

import contextlib
import socket

import pytest

from support.waiting import until


@pytest.fixture(scope="module")
def agent(shared, cluster):
    return shared.agent_of(cluster)


def connect(agent):
    return socket.create_connection(("127.0.0.1", agent.port), timeout=60)


def talk(agent, data):
    """Everything that the server says to these bytes until it closes."""
    with connect(agent) as client:
        client.sendall(data)
        said = b""
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                said += piece
        return said


def test_many_silent_clients_do_not_keep_prometheus_out(agent):
    with contextlib.ExitStack() as open_ones:
        for _ in range(150):
            open_ones.enter_context(connect(agent))
        assert agent.median_scrape_seconds() < 1
        assert agent.get("/livez").status == 200
    until(lambda: agent.descriptors() < 60, "their sockets are closed")


def test_a_client_that_sends_its_request_bit_by_bit_does_not_hold_up_others(agent):
    with contextlib.ExitStack() as open_ones:
        for _ in range(20):
            open_ones.enter_context(connect(agent)).sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-")
        assert agent.median_scrape_seconds() < 1


def test_a_client_that_does_not_read_does_not_hold_up_others(agent):
    with contextlib.ExitStack() as open_ones:
        for _ in range(20):
            client = open_ones.enter_context(connect(agent))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n" * 20)
        assert agent.median_scrape_seconds() < 1


def status_line(answer):
    return answer.split(b"\r\n", 1)[0]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"X-Many: y\r\n" * 5_000 + b"\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
)
def test_nonsense_is_refused_or_ignored_and_never_echoed(agent, request_bytes):
    said = talk(agent, request_bytes)
    assert not said or status_line(said).split()[1].startswith(b"4")
    assert b"aaaa" not in said and b"NONSENSE" not in said
    assert agent.running() and agent.get("/livez").status == 200


def test_a_connection_is_kept_between_scrapes(agent):
    with connect(agent) as client:
        for _ in range(3):
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status_line(client.recv(65536)) == b"HTTP/1.1 200 OK"


def test_what_an_error_says_is_ours(agent):
    answer = agent.get("/<script>alert(1)</script>")
    assert answer.status == 404 and "<script>" not in answer.text
