"""Barman and pg_basebackup: the real tools, whole and damaged."""

import hashlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import time

import pytest

from support import places
from support.barman import Barman
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config, toml_string
from support.stanza import assert_not, assert_recoverable, verdicts, write
from support.waiting import until


class Folder:
    """For backups, and gone afterwards."""

    def __init__(self):
        self.path = places.new_folder("base")

    def remove(self):
        places.remove_folder(self.path)


@pytest.mark.skipif(not shutil.which("barman"), reason="there is no barman")
def test_barman(making):
    barman = making.keep(Barman(making))
    assert_not(barman.verdict(), "no_backups")
    barman.run("check", barman.name, check=False)
    barman.archive()
    barman.run("backup", "--wait", barman.name)
    after = barman.archive()
    barman.archive()
    verdict = barman.verdict()
    assert (verdict["verdict"], verdict["because"]) == ("recoverable", None)
    assert verdict["basis"] and verdict["until"]

    path = os.path.join(barman.wals, after[:16], after)
    os.rename(path, path + ".away")
    missing = barman.verdict()
    assert_not(missing, "wal_gap")
    assert after in missing["because"]["text"]
    os.rename(path + ".away", path)

    shutil.move(barman.wals, barman.wals + ".away")
    assert barman.verdict()["verdict"] != "recoverable"
    shutil.rmtree(barman.wals, ignore_errors=True)
    shutil.move(barman.wals + ".away", barman.wals)
    assert barman.verdict()["verdict"] == "recoverable"


@pytest.mark.parametrize("kind", ["plain", "tar"])
def test_a_base_backup(making, cluster, kind):
    folder = making.keep(Folder())
    where = os.path.join(folder.path, "monday")
    options = ["--format=plain"] if kind == "plain" else ["--format=tar", "--gzip"]
    subprocess.run(
        [
            os.path.join(bin_folder(DEBIAN_MAJOR), "pg_basebackup"),
            *["--host", cluster.home, "--port", str(cluster.port), "--username", "postgres"],
            *["--pgdata", where, "--wal-method=stream", "--checkpoint=fast", "--no-sync", *options],
        ],
        check=True,
        timeout=60,
    )

    def verdict(policy=""):
        section = f"[[backup]]\ntool = \"base-backups\"\ndirectory = {toml_string(folder.path)}\npolicy = {{ {policy} }}\n"
        return verdicts(config(cluster, more=section))[0]

    good = verdict()
    assert good["verdict"] == "recoverable"
    # The sums of files stand in the manifest; those in a tar are not compared.
    assert list(good["verified_by_type"]) == (["base"] if kind == "plain" else [])
    if kind == "plain":
        data = os.path.join(where, "base", "1", "PG_VERSION")
        whole = open(data).read()
        open(data, "w").write("99\n")
        changed = verdict()
        assert_not(changed, "no_whole_backup")
        assert "base/1/PG_VERSION is not what was backed up" in changed["because"]["text"]
        open(data, "w").write(whole)
    victim = os.path.join(where, "PG_VERSION" if kind == "plain" else "base.tar.gz")
    size = os.path.getsize(victim)
    os.truncate(victim, size // 2)
    assert_not(verdict(), "no_whole_backup")
    os.remove(victim)
    assert_not(verdict(), "no_whole_backup")
    os.remove(os.path.join(where, "backup_manifest"))
    assert verdict()["verdict"] != "recoverable"


def manifest_of(system_identifier, start, end):
    """A backup_manifest as the server writes it since 17; its last line is the sum of all before."""
    lines = [
        '{ "PostgreSQL-Backup-Manifest-Version": 2,',
        f'"System-Identifier": {system_identifier},',
        '"Files": [',
        '{ "Path": "PG_VERSION", "Size": 3, "Last-Modified": "2026-11-27 12:00:00 GMT" }',
        "],",
        '"WAL-Ranges": [',
        f'{{ "Timeline": 1, "Start-LSN": "{start}", "End-LSN": "{end}" }}',
        "],\n",
    ]
    text = "\n".join(lines)
    return f'{text}"Manifest-Checksum": "{hashlib.sha256(text.encode()).hexdigest()}"}}\n'


def test_summaries_of_wal_that_an_incremental_base_backup_needs(making):
    """A base backup by its manifest only: the client programs of 18 are not at hand."""
    cluster = making.cluster(18, settings={"summarize_wal": "on", "wal_summary_keep_time": "1h"})
    cluster.run("create table goods as select 1; checkpoint")
    start = cluster.value("select pg_current_wal_lsn()::text")
    segment = cluster.value("select pg_walfile_name(pg_current_wal_lsn())")
    cluster.run("create table more as select 1; checkpoint")
    folder = making.keep(Folder())
    where = os.path.join(folder.path, "monday")
    os.makedirs(os.path.join(where, "pg_wal"))
    write(os.path.join(where, "PG_VERSION"), "18\n")
    write(os.path.join(where, "pg_wal", segment), "")
    identifier = cluster.value("select system_identifier from pg_control_system()")
    write(os.path.join(where, "backup_manifest"), manifest_of(identifier, start, start))
    section = f"[[backup]]\ntool = \"base-backups\"\ndirectory = {toml_string(folder.path)}\n"
    until(lambda: cluster.value("select count(*) from pg_available_wal_summaries()"), "there are summaries")
    assert_recoverable(verdicts(config(cluster, more=section))[0])
    then = time.time() - 50 * 60
    os.utime(os.path.join(where, "backup_manifest"), (then, then))
    assert_recoverable(verdicts(config(cluster, more=section))[0], ["summaries_gone"])


class ApiServer:
    """Answers as the API server of Kubernetes documents it: lists by group, version, namespace and plural, for a token."""

    token = "a token of the pod"
    prefix = "/apis/postgresql.cnpg.io/v1/namespaces/shop"

    def __init__(self):
        self.account = places.new_folder("account")
        key, certificate = (os.path.join(self.account, name) for name in ("key.pem", "ca.crt"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
            + ["-keyout", key, "-out", certificate, "-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        write(os.path.join(self.account, "token"), self.token + "\n")
        write(os.path.join(self.account, "namespace"), "shop")
        self.lists = {}  # path -> list
        self.refused = set()  # paths
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                is_known = self.headers["Authorization"] == f"Bearer {api.token}"
                found = api.lists.get(self.path)
                status = 401 if not is_known else 403 if self.path in api.refused else 404 if found is None else 200
                body = json.dumps(found if status == 200 else {"kind": "Status", "code": status}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self):
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self._server.server_address[1])}

    def remove(self):
        self._server.shutdown()
        self._server.server_close()
        places.remove_folder(self.account)


def rfc3339_of(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def cnpg_schedule(name, last, suspend=False):
    """A daily one, as the API reference has it: its cron begins with the seconds. It was last due so many seconds ago."""
    at = time.time() - last
    spec = {"schedule": time.strftime("0 %M %H * * *", time.gmtime(at)), "suspend": suspend, "cluster": {"name": "payments"}}
    minute = at - at % 60
    times = {"lastCheckTime": minute, "lastScheduleTime": minute, "nextScheduleTime": minute + 86400}
    return {"metadata": {"name": name}, "spec": spec, "status": {key: rfc3339_of(value) for key, value in times.items()}}


def cnpg_objects(phase="completed", age=600, schedules=None):
    """A cluster and many backups, as the operator's API reference has them; more than 64 KiB of it."""
    now = time.time()
    condition = {"type": "ContinuousArchiving", "status": "True", "reason": "ContinuousArchivingSuccess"}
    cluster = {"kind": "Cluster", "metadata": {"name": "payments"}, "status": {"conditions": [condition]}}
    backups = []
    for number in range(200):
        stop = now - age - 86400 * (199 - number) / 100
        status = {
            "phase": phase if number == 199 else "completed",
            "method": "barmanObjectStore",
            "startedAt": rfc3339_of(stop - 60),
            "stoppedAt": rfc3339_of(stop),
            "error": "the store is full" if number == 199 and phase == "failed" else "",
        }
        # In lists the items of a kind may leave it to the list.
        backups.append(
            {
                "metadata": {"name": f"payments-{number:03}", "annotations": {"note": "x" * 200}},
                "spec": {"cluster": {"name": "payments"}},
                "status": status,
            }
        )
    lists = {"clusters": {"kind": "ClusterList", "items": [cluster]}, "backups": {"kind": "BackupList", "items": backups}}
    if schedules is not None:
        lists["scheduledbackups"] = {"kind": "ScheduledBackupList", "items": schedules}
    return lists


def test_cloudnativepg_by_documented_answers_of_the_api_server(making):
    api = making.keep(ApiServer())

    def verdict(**environment):
        section = f'[[backup]]\ntool = "cloudnativepg"\ndirectory = {toml_string(api.account)}\n'
        return verdicts(section, env={**api.environment, **environment})[0]

    def offer(**choices):
        api.lists = {f"{api.prefix}/{plural}": each for plural, each in cnpg_objects(**choices).items()}

    offer()
    whole = verdict()
    assert_recoverable(whole)
    assert whole["basis"] == "payments-199"
    offer(phase="failed")
    assert_recoverable(verdict(), ["last_failed"])
    offer()
    write(os.path.join(api.account, "token"), "another")
    assert_not(verdict(), "unreadable", "unknown")
    write(os.path.join(api.account, "token"), api.token)  # it was renewed
    assert_recoverable(verdict())
    del api.lists[f"{api.prefix}/backups"]
    told = verdict()
    assert_not(told, "unreadable", "unknown")
    assert "404 to the question for backups in namespace shop" in told["because"]["text"]
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", os.path.join(api.account, "ca.crt"))
    assert_not(verdict(), "tool_failed", "unknown")
    assert "KUBERNETES_SERVICE_HOST is not set" in verdict(KUBERNETES_SERVICE_HOST="")["because"]["text"]


def test_cloudnativepg_schedules_by_documented_answers_of_the_api_server(making):
    api = making.keep(ApiServer())

    def verdict(*schedules, age=600):
        objects = cnpg_objects(age=age, schedules=list(schedules))
        api.lists = {f"{api.prefix}/{plural}": each for plural, each in objects.items()}
        section = f'[[backup]]\ntool = "cloudnativepg"\ndirectory = {toml_string(api.account)}\n'
        return verdicts(section, env=api.environment)[0]

    daily = cnpg_schedule("daily", last=700)
    told = verdict(daily)
    assert_recoverable(told)
    assert told["next_expected"] == daily["status"]["nextScheduleTime"]
    # 30 hours ago the last one, so six hours ago one was due; by its age alone it would be good for another six.
    stopped = cnpg_schedule("daily", last=30 * 3600 + 100)
    told = verdict(stopped, age=30 * 3600)
    assert_recoverable(told, ["overdue"])
    assert stopped["status"]["nextScheduleTime"] in told["findings"][0]["text"]
    # One taken by hand since then stands for it; one that was begun and came to nothing does not.
    assert_recoverable(verdict(stopped))
    assert_recoverable(verdict(cnpg_schedule("daily", last=7200), age=25 * 3600), ["overdue"])
    assert_recoverable(verdict(cnpg_schedule("daily", last=3600), age=25 * 3600))
    told = verdict(cnpg_schedule("daily", last=700, suspend=True))
    assert_recoverable(told, ["suspended"])
    assert "schedule daily of backups is suspended" in told["findings"][0]["text"]
    assert_recoverable(verdict(cnpg_schedule("old", last=900_000, suspend=True), daily))
    api.refused.add(f"{api.prefix}/scheduledbackups")
    told = verdict(daily)
    assert_recoverable(told, ["check_failed"])
    assert "403 to the question for scheduledbackups in namespace shop" in told["findings"][0]["text"]
