"""The chart's jobs with keys and with pgBackRest: sets that age and gpg encrypt, and a stanza whose repository is in the volume that
Postgres and the jobs share. Keys and configuration come from Secrets that are there, as the chart's values name them."""

import json
import pathlib

from chart import DEMO_ADDRESS, POSTGRES, USER, Chart, folder_for_all
from load import sql
from node import Pod, once, run, told, until

from support.certificates import Authority
from support.keys import AgeKey, GpgHome

ROWS = 20_000
PASSPHRASE = "correct horse battery"
VALUES = """
mode: demo
image: {{repository: {0[0]}, tag: "{0[1]}", pullPolicy: Never}}
demo:
  image: "{postgres}"
  uid: {user}  # pgBackRest's files are their user's alone: who archives and who backs up are one
  postgresPassword: of-all-renderings
  args: [-c, archive_mode=on]
  volumeMounts:
    - {{name: pgvigil-backups, mountPath: /var/lib/pgvigil-backup}}
    - {{name: archiving, mountPath: /etc/pgbackrest, readOnly: true}}
extraVolumes: [{{name: archiving, secret: {{secretName: archiving, defaultMode: 0440}}}}]
backups:
  - {{tool: dumps, directory: /var/lib/pgvigil-backup, drills: /var/lib/pgvigil-backup/drills, every: 2s}}
jobs:
  image: {{repository: {1[0]}, tag: "{1[1]}", pullPolicy: Never}}
  volume: {{hostPath: {{path: "{backups}", type: Directory}}}}
  backup: {{enabled: true}}
  restoreDrill: {{enabled: true, env: [{{name: PGVIGIL_DRILL_SOURCE, value: "host=payments-pgvigil-postgres user=postgres"}}]}}
  preflight: {{enabled: true, args: [--max-age, 1h]}}
"""
OF_AGE = """
  encryption:
    tool: age
    recipients: {name: age-public, key: recipients}
    identity: {name: age-secret, key: identity}
"""
OF_GPG = """
  encryption:
    tool: gpg
    recipients: {name: gpg-public, key: keys.asc}
    identity: {name: gpg-secret, key: key.asc}
    passphrase: {name: gpg-secret, key: passphrase}
"""
OF_PGBACKREST = """
  pgbackrest: {stanza: orders, config: {name: pgbackrest, key: pgbackrest.conf}}
"""
PGBACKREST = "/usr/bin/pgbackrest"
REPOSITORY = "repo1-path=/var/lib/pgvigil-backup/pgbackrest"
STANZA = """[orders]
pg1-path=/var/lib/postgresql/data/pgdata
pg1-socket-path=/var/run/postgresql
pg1-user=postgres
"""
BESIDE_POSTGRES = f"""[global]
{REPOSITORY}
log-level-file=off
tls-server-address=*
tls-server-auth=jobs=orders
tls-server-ca-file=/etc/pgbackrest/ca.crt
tls-server-cert-file=/etc/pgbackrest/tls.crt
tls-server-key-file=/etc/pgbackrest/tls.key
{STANZA}"""
OF_THE_JOBS = f"""[global]
{REPOSITORY}
repo1-retention-full=2
start-fast=y
{STANZA}pg1-host=payments-pgvigil-postgres
pg1-host-type=tls
pg1-host-ca-file=/etc/pgvigil/secrets/pgbackrest/ca.crt
pg1-host-cert-file=/etc/pgvigil/secrets/pgbackrest/tls.crt
pg1-host-key-file=/etc/pgvigil/secrets/pgbackrest/tls.key
"""


def read(path):
    return pathlib.Path(path).read_bytes()


def keys():
    """The Secrets of age and gpg. The keys themselves are gone from this host."""
    age, gpg = AgeKey(), GpgHome()
    try:
        gpg.new_key("backup@example.org", passphrase=PASSPHRASE)
        return {
            "age-public": {"recipients": f"# of the night shift\n{age.recipient}\n".encode()},
            "age-secret": {"identity": read(age.identity)},
            "gpg-public": {"keys.asc": read(gpg.export())},
            "gpg-secret": {"key.asc": read(gpg.export(PASSPHRASE)), "passphrase": PASSPHRASE.encode()},
        }
    finally:
        age.remove()
        gpg.remove()


def configuration_of_pgbackrest(folder):
    """The Secrets of pgBackRest: for the server that it runs beside Postgres, and for the jobs, which call that by TLS."""
    authority = Authority(str(folder), "ca")
    made = {}
    for secret, name, text in (("archiving", "payments-pgvigil-postgres", BESIDE_POSTGRES), ("pgbackrest", "jobs", OF_THE_JOBS)):
        key, certificate = authority.sign(name, f"DNS:{name}")
        made[secret] = {"pgbackrest.conf": text.encode(), "ca.crt": read(authority.file), "tls.crt": read(certificate),
                        "tls.key": read(key)}  # fmt: skip
    return made


class Place:
    """Where one variant after the other runs: the volume of the backups, the Secrets, the values that they share."""

    def __init__(self, images, folder):
        self.folder, self.backups = folder, pathlib.Path(folder_for_all(folder / "backups"))
        self.secrets = keys() | configuration_of_pgbackrest(folder)
        self._values = VALUES.format(*images, postgres=POSTGRES, user=USER, backups=self.backups)

    def chart(self, name, jobs, **secrets):
        return Chart(self._values + jobs, pathlib.Path(folder_for_all(self.folder / name)), self.secrets | secrets)

    def job(self, chart, name, expect=0):
        """Plays one; what it said."""
        status, said = once(chart.job(name), 10, self.folder)
        assert status == expect, (name, status, said)
        return said

    def newest_drill(self):
        return json.loads(max((self.backups / "drills").glob("*.json")).read_text())


def check_encrypted(place, tool, jobs, begins):
    chart = place.chart(tool, jobs)
    place.job(chart, "backup")
    newest = max(path for path in place.backups.iterdir() if (path / "manifest.json").exists())
    files = json.loads((newest / "manifest.json").read_text())["files"]
    assert files and all(one["encryption"] == tool for one in files), files
    assert all(read(newest / one["name"]).startswith(begins) for one in files), files
    told(f"{tool}: job backup publishes a set; its pod has public keys alone", f"{len(files)} files")
    place.job(chart, "restore-drill")
    result = place.newest_drill()
    assert result["outcome"] == "passed" and result["source"]["label"] == newest.name, result
    assert {one["outcome"] for one in result["checks"]} == {"passed"}, result
    told(f"{tool}: job restore-drill decrypts it, and passes: " + ", ".join(one["name"] for one in result["checks"]),
         f"{result['restore_seconds']} s")  # fmt: skip
    place.job(chart, "preflight")
    told(f"{tool}: job preflight: there is a way back", "status 0")


def check_wrong_key(place):
    stranger = AgeKey()
    try:
        chart = place.chart("stranger", OF_AGE, **{"age-secret": {"identity": read(stranger.identity)}})
        said = place.job(chart, "restore-drill", expect=65)
    finally:
        stranger.remove()
    assert "cannot be decrypted" in said, said
    told("age: job restore-drill with another's key says so", "status 65")


def check_stanza(place, pod):
    inside = pod.container("postgres")
    run("podman", "exec", inside, PGBACKREST, "--stanza=orders", "stanza-create")
    run("podman", "exec", "--detach", inside, PGBACKREST, "server")
    sql(pod, "alter system set archive_command = 'pgbackrest --stanza=orders archive-push %p'; select pg_reload_conf()")
    chart = place.chart("pgbackrest", OF_PGBACKREST)
    place.job(chart, "preflight", expect=3)
    told("pgbackrest: job preflight before there is a backup: refused", "status 3")
    place.job(chart, "backup")
    told("pgbackrest: job backup reads Postgres by TLS, and its WAL gets through", "full")
    sql(pod, "insert into orders select i, 'after the backup' from generate_series(1, 1000) i; select pg_switch_wal()")
    place.job(chart, "preflight")
    told("pgbackrest: job preflight with it: a restore point, whose WAL is in the repository", "status 0")
    place.job(chart, "restore-drill")
    result = place.newest_drill()
    assert result["outcome"] == "passed" and result["source"]["tool"] == "pgbackrest", result
    assert {one["outcome"] for one in result["checks"]} == {"passed"}, result
    assert result["recovered_until"] >= result["backup_finished_at"], result
    told("pgbackrest: job restore-drill restores from the stanza: "
         + ", ".join(one["name"] for one in result["checks"]), f"{result['restore_seconds']} s")  # fmt: skip
    annotated = run("podman", "exec", inside, PGBACKREST, "--stanza=orders", "--output=json", "info")
    backup = json.loads(annotated)[0]["backup"][-1]
    assert "restore-verified" in backup.get("annotation", {}), backup
    told("pgbackrest: the backup is annotated as restored", backup["type"])


def check_tools(images, folder):
    """`images` are those of pgvigil and of the jobs, each with its tag; `folder` is empty."""
    place = Place(images, folder)
    pod = Pod(place.chart("plain", "").demo(), DEMO_ADDRESS, folder)
    try:
        until(lambda: pod.value("pg_up") == 1, "pg_up is 1")
        sql(pod, f"create table orders as select i as id, md5(i::text) as note from generate_series(1, {ROWS}) i; analyze")
        check_encrypted(place, "age", OF_AGE, b"age-encryption.org/v1")
        check_wrong_key(place)
        check_encrypted(place, "gpg", OF_GPG, (b"\x84", b"\x85"))  # a packet with a key of the session (RFC 4880, 4.2)
        until(lambda: pod.value("pgvigil_backup_restore_drill_passed") == 1, "the agent sees the drill's result")
        check_stanza(place, pod)
    except BaseException:
        print(pod.logs("postgres"))
        raise
    finally:
        pod.remove()
