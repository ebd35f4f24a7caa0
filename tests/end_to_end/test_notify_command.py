"""`pgvigil notify`: every receiver against what it speaks to, or a sink that checks what its service documents."""

import json
import os
import textwrap
import urllib.request

import pytest

from support import places
from support.agent import command
from support.mail_server import MailServer
from support.process import Process
from support.sink import Sink
from support.waiting import until

SECRET = "planted-secret-0123456789"


@pytest.fixture
def sink():
    with Sink() as made:
        yield made


@pytest.fixture
def home():
    folder = places.new_folder("notify")
    yield folder
    places.remove_folder(folder)


def notify(home, receiver, *words, more=""):
    """Runs `pgvigil notify` with one receiver, `[receiver.it]`."""
    for name in ("url", "token", "key"):
        path = os.path.join(home, name)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(SECRET + "\n")
    config = os.path.join(home, "pgvigil.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("[receiver.it]\n" + textwrap.dedent(receiver) + more)
    return command("notify", *words, "--config", config)


def write(home, name, text):
    with open(os.path.join(home, name), "w", encoding="utf-8") as file:
        file.write(text)


RECEIVERS = {
    "slack": 'type = "slack"\nurl_file = "url"',
    "teams": 'type = "teams"\nurl_file = "url"',
    "discord": 'type = "discord"\nurl_file = "url"',
    "webhook": 'type = "webhook"\nurl_file = "url"\nsigning_secret_file = "key"',
    "pagerduty": 'type = "pagerduty"\nrouting_key_file = "token"\nurl_file = "url"',
    "opsgenie": 'type = "opsgenie"\napi_key_file = "token"\nurl_file = "url"',
    "telegram": 'type = "telegram"\ntoken_file = "token"\nchat = "-100123"\napi = "{url}"',
    "heartbeat": 'type = "heartbeat"\nurl_file = "url"',
}


@pytest.mark.parametrize("kind", RECEIVERS)
def test_a_test_message_is_taken_and_says_that_it_is_a_test(home, sink, kind):
    write(home, "url", f"{sink.url}/hook/{SECRET}\n")
    result = notify(home, RECEIVERS[kind].replace("{url}", sink.url), "test", "it")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "it: delivered (HTTP 200: ok)" in result.stdout
    assert SECRET not in result.stdout + result.stderr
    assert len(sink.requests) == (1 if kind == "heartbeat" else 2)
    path, headers, body = sink.requests[0]
    if kind == "telegram":
        assert path == f"/bot{SECRET}/sendMessage"
    elif kind == "opsgenie":
        assert path == f"/hook/{SECRET}/v2/alerts" and headers["authorization"] == f"GenieKey {SECRET}"
    else:
        assert path == f"/hook/{SECRET}"
    if kind == "heartbeat":
        return
    text = body.decode("utf-8")
    assert "nothing is wrong" in text and headers["content-type"].startswith("application/json")
    json.loads(text)


def test_a_bot_of_slack_edits_its_message_and_answers_in_its_thread(home):
    def behave(path, headers, body):
        assert headers["Authorization"] == f"Bearer {SECRET}"
        return 200, {}, json.dumps({"ok": True, "channel": "C1", "ts": "17.000001"}).encode()

    with Sink(behave) as sink:
        result = notify(home, f'type = "slack"\ntoken_file = "token"\nchannel = "C1"\napi = "{sink.url}"', "test", "it")
        assert result.returncode == 0, result.stdout
        assert [path for path, _, _ in sink.requests] == ["/chat.postMessage", "/chat.update", "/chat.postMessage"]
        first, edit, answer = sink.bodies()
        assert first["channel"] == "C1" and edit["ts"] == "17.000001" and answer["thread_ts"] == "17.000001"


@pytest.mark.parametrize(
    "status, body, told",
    [
        (404, b"no_service", "misconfigured (HTTP 404: no_service)"),
        (429, b"", "slow_down (HTTP 429)"),
        (500, b"rollup_error", "retry (HTTP 500: rollup_error)"),
        (200, b'{"ok":false,"error":"invalid_auth"}', "misconfigured (Slack says invalid_auth)"),
    ],
)
def test_what_came_back_is_printed(home, status, body, told):
    with Sink(lambda *_: (status, {}, body)) as sink:
        write(home, "url", f"{sink.url}/{SECRET}\n")
        result = notify(home, 'type = "slack"\nurl_file = "url"', "test", "it")
    assert result.returncode == 1 and told in result.stdout


def test_nobody_there_is_told_without_the_secret(home):
    port = places.free_port()
    write(home, "url", f"http://127.0.0.1:{port}/{SECRET}\n")
    result = notify(home, 'type = "webhook"\nurl_file = "url"', "test", "it")
    assert result.returncode == 1 and f"no answer from 127.0.0.1:{port}" in result.stdout
    assert SECRET not in result.stdout + result.stderr


def test_an_event_that_nobody_is_configured_to_hear_says_so(tmp_path):
    file = tmp_path / "pgvigil.toml"
    file.write_text("")
    result = command("notify", "event", "--title", "the backup is late", "--config", str(file))
    assert result.returncode == 3 and result.stderr == "pgvigil notify: no receiver is configured\n"


def test_an_event_goes_where_its_labels_lead(home):
    with Sink() as one, Sink() as other:
        routes = f"""
[receiver.other]
type = "webhook"
url = "{other.url}"

[[route]]
match = ["area=backup"]
receivers = ["it"]

[notify]
receivers = ["other"]
"""
        words = ["event", "--title", "the backup is late", "--severity", "critical", "--label", "area=backup"]
        result = notify(home, f'type = "webhook"\nurl = "{one.url}"\n', *words, more=routes)
        assert result.returncode == 0, result.stdout + result.stderr
        assert len(one.requests) == 1 and not other.requests
        (alert,) = one.bodies()[0]["alerts"]
        assert alert["labels"] == {"alertname": "PgvigilEvent", "severity": "critical", "area": "backup"}
        assert alert["annotations"]["summary"] == "the backup is late"
        assert notify(home, f'type = "webhook"\nurl = "{one.url}"\n', "event", "--title", "x", more=routes).returncode == 0
        assert len(other.requests) == 1


@pytest.mark.parametrize(
    "text, mistake",
    [
        ('type = "pager"', "type"),
        ('type = "slack"', "a Slack receiver needs either a webhook or a bot's token"),
        ('type = "webhook"\nurl = "ftp://x"', "'url' must begin with http:// or https://"),
        ('type = "webhook"\nurl = "http://x"\nfallback = "nobody"', "there is no other receiver 'nobody'"),
        ('type = "webhook"\nurl = "http://x"\nbody = "{{ .Alerts"', "an action that is not closed with"),
        ('type = "webhook"\nurl = "http://x"\n[[route]]\nmatch = ["severity"]', "'severity' is no matcher"),
        ('type = "webhook"\nurl = "http://x"\n[[route]]\nreceivers = ["nobody"]', "there is no receiver 'nobody'"),
        ('type = "webhook"\nurl = "http://x"\n[mute.a]\ntimes = ["22-6"]', "is not a span of the day"),
        ('type = "webhook"\nurl = "http://x"\n[mute.a]\ntime_zone = "Mars/Here"', "there is no time zone 'Mars/Here'"),
        ('type = "webhook"\nurl = "http://x"\n[[inhibit]]\nsource = ["a=b"]', "[[inhibit]] needs 'source' and 'target'"),
    ],
)
def test_a_mistake_is_told_with_its_line(home, text, mistake):
    result = notify(home, text, "test", "it")
    assert result.returncode == 2
    assert mistake in result.stderr and "pgvigil.toml:" in result.stderr


def test_a_real_alertmanager_takes_it(home):
    port = places.free_port()
    write(home, "am.yml", 'route: { receiver: none }\nreceivers: [ { name: none } ]\n')
    words = [
        "setpriv", "--pdeathsig", "KILL", "prometheus-alertmanager", f"--config.file={home}/am.yml",
        f"--storage.path={home}/am", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]
    process = Process(words, os.path.join(home, "am.log"), env={"PATH": os.environ["PATH"]}, cwd=home)

    def alerts():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=5) as answer:
            return json.load(answer)

    def answers():
        try:
            return alerts() is not None
        except OSError:
            return False

    try:
        until(answers, "the Alertmanager answers")
        receiver = f'type = "alertmanager"\nurls = ["http://127.0.0.1:{port}/"]\n'
        result = notify(home, receiver, "event", "--title", "the disk is full", "--label", "datname=shop")
        assert result.returncode == 0, result.stdout
        (alert,) = alerts()
        assert alert["labels"] == {"alertname": "PgvigilEvent", "severity": "warning", "datname": "shop"}
        assert alert["annotations"]["summary"] == "the disk is full" and alert["status"]["state"] == "active"
        # One peer that is away is no reason to say that nobody took it.
        dead = places.free_port()
        receiver = f'type = "alertmanager"\nurls = ["http://127.0.0.1:{dead}", "http://127.0.0.1:{port}"]\n'
        assert notify(home, receiver, "event", "--title", "again").returncode == 0
    finally:
        process.stop()


def test_a_real_mail_server_takes_it(home):
    with MailServer(home) as server:
        receiver = (
            f'type = "mail"\nserver = "127.0.0.1:{server.port}"\nsecurity = "none"\n'
            'from = "pgvigil <pgvigil@example.org>"\nto = ["Zoë <dba@example.org>"]\n'
        )
        result = notify(home, receiver, "test", "it")
        assert result.returncode == 0 and "delivered (SMTP 250)" in result.stdout, result.stdout
        first, second = server.mails()[:2]
        assert first["To"] and first["Message-ID"] and first["Auto-Submitted"] == "auto-generated"
        assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]
        plain, html = first.get_payload()
        assert plain.get_content_type() == "text/plain" and html.get_content_type() == "text/html"
        assert "nothing is wrong" in plain.get_payload(decode=True).decode("utf-8")
        assert "nothing is wrong" in html.get_payload(decode=True).decode("utf-8")
        refused = notify(home, receiver.replace("dba@", "nobody@"), "test", "it")
        assert refused.returncode == 1 and "misconfigured (SMTP 550)" in refused.stdout
        # STARTTLS is not offered here: nothing is sent in the clear.
        clear = notify(home, receiver.replace('"none"', '"starttls"'), "test", "it")
        assert clear.returncode == 1 and "no answer from" in clear.stdout
