"""How receivers are reached: TLS by an authority of one's own, a proxy, and mail that is encrypted on its way."""

import os

import pytest

from support import places
from support.agent import command
from support.certificates import Authority
from support.mail_server import PASSWORD, MailServer
from support.proxy import Proxy
from support.sink import Sink


@pytest.fixture(scope="module")
def home():
    folder = places.new_folder("transport")
    yield folder
    places.remove_folder(folder)


@pytest.fixture(scope="module")
def authority(home):
    return Authority(home)


@pytest.fixture(scope="module")
def stranger(home):
    return Authority(home, "stranger")


def test_receiver(home, receiver, env=None):
    """What `pgvigil notify test` says of it."""
    config = os.path.join(home, "pgvigil.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("[receiver.it]\n" + receiver)
    return command("notify", "test", "it", "--config", config, env=env)


test_receiver.__test__ = False


def test_a_receiver_is_trusted_by_its_authority_only(home, authority, stranger):
    with Sink(tls=authority.server()) as sink:
        webhook = f'type = "webhook"\nurl = "{sink.url}/hook"\n'
        good = test_receiver(home, webhook + f'ca_file = "{authority.file}"')
        assert good.returncode == 0 and "delivered (HTTP 200: ok)" in good.stdout, good.stdout
        assert len(sink.requests) == 2
        for other in ("", f'ca_file = "{stranger.file}"'):
            refused = test_receiver(home, webhook + other)
            assert refused.returncode == 1 and "certificate" in refused.stdout, refused.stdout
        missing = test_receiver(home, webhook + 'ca_file = "nowhere.pem"')
        assert missing.returncode == 1 and "it: misconfigured" in missing.stdout, missing.stdout
        assert len(sink.requests) == 2


def test_a_certificate_of_another_name_is_refused(home, authority):
    with Sink(tls=authority.server()) as sink:
        url = sink.url.replace("127.0.0.1", "localhost")
        refused = test_receiver(home, f'type = "webhook"\nurl = "{url}"\nca_file = "{authority.file}"')
        assert refused.returncode == 1 and "no answer from localhost" in refused.stdout, refused.stdout
        assert not sink.requests


def test_a_proxy_is_asked_where_one_is_named(home, authority):
    with Proxy() as proxy, Sink() as plain, Sink(tls=authority.server()) as encrypted:
        host = f"http://receiver.invalid:{plain.port}/hook"
        sent = test_receiver(home, f'type = "webhook"\nurl = "{host}"\nproxy = "{proxy.url}"')
        assert sent.returncode == 0, sent.stdout
        assert proxy.asked == [("POST", host, None)] * 2 and len(plain.requests) == 2
        by_environment = test_receiver(home, f'type = "webhook"\nurl = "{host}"', env={"http_proxy": proxy.url})
        assert by_environment.returncode == 0 and len(proxy.asked) == 4, by_environment.stdout
        # Through a tunnel the proxy sees no more than the host; credentials for it come with its address.
        named = proxy.url.replace("http://", "http://me:planted-secret@")
        receiver = f'type = "webhook"\nurl = "{encrypted.url}/secret-path"\nproxy = "{named}"\nca_file = "{authority.file}"'
        sent = test_receiver(home, receiver)
        assert sent.returncode == 0 and len(encrypted.requests) == 2, sent.stdout
        method, target, credentials = proxy.asked[4]
        assert (method, target) == ("CONNECT", f"127.0.0.1:{encrypted.port}") and credentials.startswith("Basic ")


def test_a_proxy_of_the_environment_is_no_way_to_loopback(home):
    with Proxy() as proxy, Sink() as sink:
        variables = {"http_proxy": proxy.url, "all_proxy": proxy.url}
        for host in ("127.0.0.1", "localhost"):
            sent = test_receiver(home, f'type = "webhook"\nurl = "http://{host}:{sink.port}"', env=variables)
            assert sent.returncode == 0, sent.stdout
        assert not proxy.asked and len(sink.requests) == 4


def test_a_proxy_that_is_away_is_told_without_its_password(home):
    away = f"http://me:planted-secret@127.0.0.1:{places.free_port()}"
    failed = test_receiver(home, f'type = "webhook"\nurl = "http://receiver.invalid/hook"\nproxy = "{away}"')
    assert failed.returncode == 1 and "no answer from receiver.invalid" in failed.stdout, failed.stdout
    assert "planted-secret" not in failed.stdout + failed.stderr


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_a_mail_is_encrypted_on_its_way(home, authority, stranger, mode):
    key, certificate = authority.sign("127.0.0.1", "IP:127.0.0.1")
    password = os.path.join(home, "password")

    def log_in_with(text):
        with open(password, "w", encoding="utf-8") as file:
            file.write(text + "\n")

    with MailServer(home, mode, (certificate, key)) as server:
        receiver = (
            f'type = "mail"\nserver = "127.0.0.1:{server.port}"\nsecurity = "{mode}"\nuser = "me"\npassword_file = "password"\n'
            'from = "pgvigil@example.org"\nto = ["dba@example.org"]\n'
        )
        log_in_with(PASSWORD)
        sent = test_receiver(home, receiver + f'ca_file = "{authority.file}"')
        assert sent.returncode == 0 and "delivered (SMTP 250)" in sent.stdout, sent.stdout
        count = len(server.mails())
        assert set(server.senders()) == {"me"} and server.mails()[0]["Message-ID"]
        untrusted = test_receiver(home, receiver + f'ca_file = "{stranger.file}"')
        assert untrusted.returncode == 1 and "certificate" in untrusted.stdout, untrusted.stdout
        log_in_with("wrong")
        wrong = test_receiver(home, receiver + f'ca_file = "{authority.file}"')
        assert wrong.returncode == 1 and "it: misconfigured" in wrong.stdout, wrong.stdout
        assert len(server.mails()) == count
