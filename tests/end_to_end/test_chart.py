"""The chart: real Helm renders it for a matrix of values; the result is compared with what was read in review.

Without Helm (tests/lib/kube_tools builds it) the tests that need it are skipped, and the others look at the committed
renderings. To take over a changed rendering: UPDATE_GOLDEN=1 python3 -m pytest test_chart.py
"""

import json
import os
import re
import shutil
import subprocess
import tomllib

import jsonschema
import pytest
import yaml

from support import helm, unusual_values
from support.agent import command
from support.dashboards import REPOSITORY

GOLDEN = os.path.join(REPOSITORY, "tests/fixtures/helm")
needs_helm = pytest.mark.skipif(not helm.tool("helm"), reason="there is no helm: tests/lib/kube_tools builds it")
needs_strict = pytest.mark.skipif(
    not helm.tool("kube_strict"), reason="there is no kube_strict: tests/lib/kube_tools builds it"
)


def golden(name):
    with open(os.path.join(GOLDEN, f"{name}.yaml"), encoding="utf-8") as file:
        return file.read()


def shortened(text):
    """A rendering without what other files hold: dashboards and rules."""
    shown = []
    for one in helm.objects(text):
        if one["metadata"]["name"].endswith("-dashboard"):
            one["data"] = dict.fromkeys(one["data"], "...")
        if one["kind"] == "PrometheusRule":
            one["spec"]["groups"] = [
                {"name": group["name"], "rules": [rule.get("alert") or rule["record"] for rule in group["rules"]][:1]}
                for group in one["spec"]["groups"]
            ]
        shown.append(one)
    return yaml.safe_dump_all(shown, sort_keys=True, width=120)


def of_kind(name, kind):
    return [one for one in helm.objects(golden(name)) if one["kind"] == kind]


def pods(name):
    """(kind, pod spec) of everything that runs."""
    for one in helm.objects(golden(name)):
        spec = one.get("spec", {})
        if one["kind"] == "Pod":
            yield one["kind"], spec
        elif one["kind"] == "CronJob":
            yield one["kind"], spec["jobTemplate"]["spec"]["template"]["spec"]
        elif "template" in spec:
            yield one["kind"], spec["template"]["spec"]


NAMES = helm.values_files()


@needs_helm
@pytest.mark.parametrize("name", NAMES)
def test_helm_renders_what_was_reviewed(name):
    rendered = helm.template(name)
    assert rendered.returncode == 0, rendered.stderr
    if os.environ.get("UPDATE_GOLDEN"):
        with open(os.path.join(GOLDEN, f"{name}.yaml"), "w", encoding="utf-8") as file:
            file.write(shortened(rendered.stdout))
    assert shortened(rendered.stdout) == golden(name)


@needs_helm
@needs_strict
@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_one_of_its_api(name):
    checked = helm.run("kube_strict", given=helm.template(name).stdout)
    assert checked.returncode == 0, checked.stdout
    assert int(checked.stdout.split()[-4]) == len(helm.objects(helm.template(name).stdout))


@needs_strict
def test_the_strict_decoder_refuses_what_no_api_has():
    wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n"
    assert 'unknown field "spec.prots"' in helm.run("kube_strict", given=wrong).stdout
    assert helm.run("kube_strict", given="apiVersion: v1\nkind: Nothing\n").returncode == 1


class OnceLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, as stricter tools than Helm do."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        assert len(set(keys)) == len(keys), f"doubled: {keys}"
        return super().construct_mapping(node, deep)


@needs_helm
@needs_strict
@pytest.mark.parametrize("case", unusual_values.CASES)
def test_unusual_names_and_labels_are_still_objects(case, tmp_path):
    release, values = unusual_values.CASES[case]
    rendered = helm.with_values(tmp_path, values, release=release)
    assert rendered.returncode == 0, rendered.stderr
    checked = helm.run("kube_strict", given=rendered.stdout)
    assert checked.returncode == 0, checked.stdout
    list(yaml.load_all(rendered.stdout, OnceLoader))
    for one in helm.objects(rendered.stdout):
        most = {"CronJob": 52, "Service": 63, "Job": 63, "Pod": 63}.get(one["kind"], 253)
        assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", one["metadata"]["name"]) or one["kind"] == "ServiceAccount"
        assert len(one["metadata"]["name"]) <= most, one["kind"]


@needs_helm
def test_a_job_in_mode_sidecar_runs_as_somebody_who_is_there(tmp_path):
    for account in ("", "shop"):
        given = f"mode: sidecar\njobs: {{backup: {{enabled: true}}}}\nserviceAccount: {{name: '{account}'}}\n"
        objects = helm.objects(helm.with_values(tmp_path, given).stdout)
        [job] = [one for one in objects if one["kind"] == "CronJob"]
        assert not [one for one in objects if one["kind"] == "ServiceAccount"]
        assert job["spec"]["jobTemplate"]["spec"]["template"]["spec"].get("serviceAccountName", "") == account


@needs_helm
def test_the_preflight_of_an_upgrade_waits_for_nothing_that_the_upgrade_brings(tmp_path):
    given = """
servers: [{name: a, host: db}]
receivers: {hook: {type: webhook, url: "http://hook/"}}
ruleOverrides: {PostgresDown: {for: 2m}}
ruleConfigMaps: [theirs]
jobs: {preflight: {enabled: true}}
"""
    [job] = [one for one in helm.objects(helm.with_values(tmp_path, given).stdout) if one["kind"] == "Job"]
    volumes = {one["name"]: one for one in job["spec"]["template"]["spec"]["volumes"]}
    assert volumes["pgvigil-config"]["configMap"] == {"name": "payments-pgvigil", "optional": True}
    own, theirs = (one["configMap"] for one in volumes["pgvigil-rules"]["projected"]["sources"])
    assert own["optional"] and "optional" not in theirs


@needs_helm
def test_a_heading_with_nothing_below_it_is_named(tmp_path):
    with open(os.path.join(helm.CHART, "values.yaml"), encoding="utf-8") as file:
        defaults = yaml.safe_load(file)
    for key, value in defaults.items():
        if not isinstance(value, (dict, list)):
            continue
        watched = "" if key == "servers" else "servers: [{name: a, host: db}]\n"
        rendered = helm.with_values(tmp_path, f"{watched}{key}:\n")
        if rendered.returncode:
            assert f"{key}: nothing stands there" in rendered.stderr, (key, rendered.stderr)


@needs_helm
@pytest.mark.parametrize("name", ["deployment", "notify"])
def test_a_heading_with_nothing_below_it_is_named_within_another_one_too(tmp_path, name):
    with open(os.path.join(helm.CHART, "values.yaml"), encoding="utf-8") as file:
        defaults = yaml.safe_load(file)
    with open(os.path.join(helm.CHART, f"ci/{name}-values.yaml"), encoding="utf-8") as file:
        given = yaml.safe_load(file)
    inner = [(outer, key) for outer, value in defaults.items() if isinstance(value, dict)
             for key, one in value.items() if isinstance(one, dict)]
    assert len(inner) > 20
    for outer, key in inner:
        values = {**given, outer: {**(given.get(outer) or {}), key: None}}
        rendered = helm.with_values(tmp_path, yaml.safe_dump(values))
        if rendered.returncode:
            assert f"{outer}.{key}: " in rendered.stderr, rendered.stderr


@needs_helm
def test_a_certificate_of_an_authority_is_there_to_be_looked_at(tmp_path):
    given = "servers: [{name: a, host: db, tlsSecret: ca}, {name: b, host: db, tlsSecret: ca, sslmode: require}]\n"
    rendered = helm.with_values(tmp_path, given).stdout
    assert re.findall(r"sslmode=([\w-]+)", rendered) == ["verify-full", "require"]


@needs_helm
def test_the_examples_of_the_readme_are_values(tmp_path):
    with open(os.path.join(helm.CHART, "README.md"), encoding="utf-8") as file:
        examples = [text for text in re.findall(r"```yaml\n(.*?)```", file.read(), re.DOTALL) if not text.startswith(" ")]
    assert len(examples) >= 8
    for text in examples:
        given = yaml.safe_load(text)
        watched = {"servers", "authModules", "sidecar"} & given.keys()
        given |= {} if watched else {"servers": [{"name": "a", "host": "db"}]}
        given |= {"mode": "sidecar"} if "sidecar" in given else {}
        rendered = helm.with_values(tmp_path, yaml.safe_dump(given))
        assert rendered.returncode == 0, text + rendered.stderr
        if helm.tool("kube_strict"):
            assert helm.run("kube_strict", given=rendered.stdout).returncode == 0, text


@needs_helm
def test_the_policy_lets_out_what_else_is_named(tmp_path):
    given = """
authModules: {rds: {targets: ["*.rds.example.net:5439", "plain"]}}
receivers: {hook: {type: webhook, url: "https://hook.example.net/", proxy: "http://proxy:3128"}}
networkPolicy: {enabled: true}
"""
    [policy] = [one for one in helm.objects(helm.with_values(tmp_path, given).stdout) if one["kind"] == "NetworkPolicy"]
    ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    assert ports == {53, 5353, 443, 3128, 5432, 5439}


def rules_of(rendered):
    [made] = [one for one in helm.objects(rendered) if one["kind"] == "PrometheusRule"]
    return {rule["alert"]: rule for group in made["spec"]["groups"] for rule in group["rules"] if "alert" in rule}


@needs_helm
def test_overrides_hold_for_prometheus_too(tmp_path):
    given = """
servers: [{name: a, host: db}]
prometheusRule: {enabled: true, runbookUrl: "https://example.net/runbooks", exclude: [PostgresRestarted]}
ruleOverrides:
  PostgresDown: {for: 5m, severity: warning}
  PostgresTempFilesHigh: {enabled: false}
"""
    plain = rules_of(helm.with_values(tmp_path, "servers: [{name: a, host: db}]\nprometheusRule: {enabled: true}\n").stdout)
    made = rules_of(helm.with_values(tmp_path, given).stdout)
    assert plain.keys() - made.keys() == {"PostgresRestarted", "PostgresTempFilesHigh"} and made.keys() <= plain.keys()
    down = made["PostgresDown"]
    assert (down["for"], down["labels"], down["expr"]) == ("5m", {"severity": "warning"}, plain["PostgresDown"]["expr"])
    assert down["annotations"]["runbook_url"] == "https://example.net/runbooks#postgresdown"
    assert made["PostgresConnectionsHigh"].pop("annotations") != plain["PostgresConnectionsHigh"].pop("annotations")
    assert made["PostgresConnectionsHigh"] == plain["PostgresConnectionsHigh"]


def with_notes_as_an_object(folder):
    """A copy of the chart whose NOTES.txt is rendered into a ConfigMap: Helm shows notes only where there is a cluster."""
    chart = folder / "pgvigil"
    shutil.copytree(helm.CHART, chart)
    notes = (chart / "templates/NOTES.txt").read_text()
    (chart / "templates/_notes.tpl").write_text('{{- define "notes" }}' + notes + "{{ end }}")
    (chart / "templates/notes.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  notes: |\n    {{- include "notes" . | nindent 4 }}\n'
    )
    return str(chart)


@needs_helm
def test_the_notes_say_what_is_still_to_be_done(tmp_path):
    def notes(given):
        [shown] = helm.objects(helm.with_values(tmp_path, given, "--show-only", "templates/notes.yaml", chart=chart).stdout)
        return shown["data"]["notes"]

    chart = with_notes_as_an_object(tmp_path)
    said = notes("""
servers: [{name: a, host: db, existingSecret: {name: first}}]
receivers: {dba: {type: pagerduty, routing_key_file: {name: second, key: k}}}
podMonitor: {enabled: true}
prometheusRule: {enabled: true, additionalLabels: {release: x}}
ruleOverrides: {PostgresConnectionsHigh: {parameters: {threshold: 0.9}}}
jobs: {backup: {enabled: true}, existingSecret: third}
""")
    for words in ("get secret first second third", "additionalLabels of: podMonitor.", "parameters of PostgresConnectionsHigh",
                  "jobs.volume is empty", "state.persistent keeps it", "dashboards.enabled"):  # fmt: skip
        assert words in said, said
    assert "Nothing tells Prometheus" not in said and "get secret" not in notes("mode: demo")
    assert "belongs into initContainers" in notes("mode: sidecar\nsidecar: {native: true}\n")


@needs_helm
def test_helm_lint_and_package_have_nothing_to_say(tmp_path):
    for name in NAMES:
        linted = helm.run("helm", "lint", "--strict", helm.CHART, "--values", f"{helm.CHART}/ci/{name}-values.yaml")
        assert linted.returncode == 0, linted.stdout + linted.stderr
    packed = helm.run("helm", "package", helm.CHART, "--destination", str(tmp_path))
    assert packed.returncode == 0, packed.stderr
    [archive] = tmp_path.iterdir()
    inside = subprocess.run(["tar", "-tzf", archive], capture_output=True, text=True, check=True).stdout
    for path in ("values.schema.json", "files/dashboards/pgvigil-fleet.json", "files/prometheus/alerts.rules.yml"):
        assert f"pgvigil/{path}" in inside.split(), path
    from_archive = helm.run("helm", "template", "payments", str(archive), "--kube-version", helm.KUBERNETES,
                            "--namespace", "db", "--values", f"{helm.CHART}/ci/demo-values.yaml")  # fmt: skip
    assert shortened(from_archive.stdout) == golden("demo")


@needs_helm
def test_another_chart_includes_the_sidecar(tmp_path):
    """As a dependency, in a pod of its own."""
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "charts").mkdir()
    (chart / "charts/pgvigil").symlink_to(helm.CHART)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("pgvigil: {mode: sidecar, sidecar: {existingSecret: {name: shop-pgvigil}}}\n")
    (chart / "templates/pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n"
        '    {{- include "pgvigil.sidecarContainer" .Subcharts.pgvigil | nindent 4 }}\n'
        '  volumes:\n    {{- include "pgvigil.sidecarVolumes" .Subcharts.pgvigil | nindent 4 }}\n'
    )
    rendered = helm.run("helm", "template", "s", str(chart), "--kube-version", helm.KUBERNETES)
    assert rendered.returncode == 0, rendered.stderr
    [pod] = [one for one in helm.objects(rendered.stdout) if one["kind"] == "Pod"]
    [container] = pod["spec"]["containers"]
    assert container["args"][:2] == ["run", "--supervise"] and "readinessProbe" not in container
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
    assert {"configMap": {"name": "s-pgvigil"}, "name": "pgvigil-config"} in pod["spec"]["volumes"]


REFUSED = {
    "mode=standalone": "mode",
    "servers[0].host=db": "name",
    "servers[0].name=a,servers[0].host=db,servers[0].password=x": "password",
    "servers[0].name=a b,servers[0].host=db": "name",
    "servers[0].name=a,servers[0].host=db,servers[0].port=70000": "port",
    "servers[0].name=a,servers[0].host=db,servers[0].sslmode=yes": "sslmode",
    "image.digest=sha256:12": "digest",
    "podMonitor.enable=true": "enable",
    "podMonitor.interval=often": "interval",
    "imagee.tag=1": "imagee",
    "state.size=big": "size",
    "jobs.backup.schedule=daily": "schedule",
    "sidecar.port=no": "port",
    "collectors.mine=": "mine",
    "receivers.dba.type=slak": "type",
    "receivers.dba.channel=x": "type",
    "receivers.dba.type=slack,receivers.dba.url=https://hooks.slack.com/services/x": "url",
    "receivers.dba.type=mail": "server",
    "receivers.dba.type=pagerduty,receivers.dba.routing_key=x": "routing_key",
    "receivers.dba.type=pagerduty,receivers.dba.routing_key_file=/x": "routing_key_file",
    "receivers.dba.type=pagerduty,receivers.dba.routing_key_file.name=x": "key",
    "receivers.dba.type=heartbeat,receivers.dba.every=often": "every",
    "routes[0].matches[0]=x": "matches",
    "settings.http.listen=0.0.0.0:1": "listen",
    "settings.history.retention=long": "retention",
    "settings.notice.receivers[0]=x": "notice",
    "ruleOverrides.PostgresDown.expr=up": "expr",
    "backups[0].tool=tar": "tool",
    "rules.mine=": "mine",
    "settings.filter.schemaname=public": "schemaname",
    "settings.filter.schema-name[0]=public": "schema-name",
    "settings.advice.unused_indexes.min_age=1d": "unused_indexes",
    "settings.advice.unused_index.min_ages=1d": "min_ages",
    "settings.labels.team=1": "team",
    "collectorOverrides.locks.sql=select": "sql",
    "collectorOverrides.locks.every=often": "every",
    "collectorOverrides.lo cks.enabled=true": "lo cks",
    "authModules.rds.user=x": "targets",
    "authModules.rds.targets[0]=x,authModules.rds.password=x": "password",
    "authModules.rds.targets[0]=x,authModules.rds.password_file=/x": "password_file",
    "servers[0].name=a,servers[0].host=db,servers[0].dsn=x": "dsn",
    "servers[0].name=a,servers[0].host=db,servers[0].max_connections=99": "max_connections",
    "servers[0].name=a,servers[0].host=db,servers[0].patroni_ca_file=/x": "patroni_ca_file",
    "poolers[0].name=a,poolers[0].host=db,poolers[0].patroni=x": "patroni",
    "sidecar.server.dsn=x": "dsn",
    "rbac.cloudNativePG=yes please": "cloudNativePG",
    "jobs.image=registry.example.net/backup:1": "image",
    "jobs.postgres=9": "postgres",
    "jobs.scratchSize=big": "scratchSize",
    "jobs.encryption.tool=pgp": "tool",
    "jobs.encryption.recipients=age1abc": "recipients",
    "jobs.encryption.identity.name=a": "identity",
    "jobs.pgbackrest.stanza=a b": "stanza",
    "nameOverride=My App": "nameOverride",
    "fullnameOverride=Foo_Bar": "fullnameOverride",
    "servers[0].name=a,servers[0].host=db,servers[0].labels.a-b=x": "a-b",
    "env[0].name=A,env[0].value=1": "value",
    "jobs.backup.activeDeadlineSeconds=0": "activeDeadlineSeconds",
    "prometheusRule.runbookUrl=runbooks": "runbookUrl",
}
IMPOSSIBLE = {
    "mode=deployment": "there is nothing to watch",
    "mode=sidecar,podMonitor.enabled=true": "sidecar.podSelector",
    "mode=sidecar,serviceMonitor.enabled=true": "podMonitor.enabled",
    "mode=sidecar,networkPolicy.enabled=true": "their owner's",
    "mode=demo,podMonitor.enabled=true,serviceMonitor.enabled=true": "scraped twice",
    "mode=demo,servers[0].name=a,servers[0].host=b": "mode deployment",
    "mode=demo,jobs.backup.enabled=true,jobs.passwordKey=p": "jobs.existingSecret",
    "mode=demo,rbac.cloudNativePG=true,serviceAccount.create=false": "serviceAccount.create",
    "mode=sidecar,rbac.cloudNativePG=true": "calls as its cluster",
    "mode=demo,connectionSecret.name=a": "mode deployment",
    "connectionSecret.name=a,servers[0].name=a,servers[0].host=b": "give servers, or that",
    "mode=demo,jobs.encryption.recipients.name=a,jobs.encryption.recipients.key=b": "jobs.encryption.tool says",
    "mode=demo,jobs.encryption.tool=age,jobs.backup.enabled=true": "needs public keys of age",
    "mode=demo,jobs.encryption.tool=gpg,jobs.restoreDrill.enabled=true": "needs a secret key of gpg",
    "mode=demo,jobs.encryption.tool=gpg,jobs.pgbackrest.stanza=a": "repo1-cipher-type",
    "mode=demo,jobs.pgbackrest.stanza=a": "pgbackrest.conf of stanza a",
    "mode=demo,jobs.pgbackrest.config.name=a,jobs.pgbackrest.config.key=b": "jobs.pgbackrest.stanza",
    "mode=demo,rules.overrides=x,ruleOverrides.PostgresDown.enabled=false": "another name",
    "mode=demo,podLabels.app\\.kubernetes\\.io/name=x": "nameOverride",
    "mode=demo,serviceMonitor.enabled=true,service.enabled=false": "podMonitor.enabled",
    "mode=sidecar,state.persistent=true": "emptyDir",
    "mode=sidecar,config.rollOnChange=true": "pgvigil.checksum",
    "mode=sidecar,sidecar.socketVolume=x": "folder of the socket",
    "servers[0].name=a,servers[0].host=b,poolers[0].name=a,poolers[0].host=c": "two are called a",
    "servers[0].name=a,servers[0].host=b,servers[0].clientCertificate=true": "tls.key",
    "mode=demo,routes[0].receivers={nobody}": "routes[0].receivers: there is no receiver nobody",
    "mode=demo,settings.notify.receivers={nobody}": "settings.notify.receivers",
    "mode=demo,receivers.a.type=webhook,receivers.a.url=http://x,receivers.a.fallback=b": "those of receivers are: a",
    "mode=demo,prometheusRule.enabled=true,prometheusRule.exclude={PostgresDwn}": "PostgresDwn",
}


@needs_helm
@pytest.mark.parametrize("words", REFUSED)
def test_the_schema_refuses(words):
    rendered = helm.template(None, "--set", words)
    assert rendered.returncode != 0 and "values don't meet the specifications" in rendered.stderr, rendered.stderr
    assert REFUSED[words] in rendered.stderr


@needs_helm
@pytest.mark.parametrize("words", IMPOSSIBLE)
def test_the_templates_refuse_what_makes_no_sense(words):
    rendered = helm.template(None, "--set", words)
    assert rendered.returncode != 0 and IMPOSSIBLE[words] in rendered.stderr, rendered.stdout[:300] + rendered.stderr


# What needs no Helm


def test_schema_and_readme_are_what_the_generator_writes(tmp_path):
    subprocess.run(["/usr/bin/python3", f"{REPOSITORY}/helm/generate", str(tmp_path)], check=True, timeout=60)
    for name in ("values.schema.json", "README.md"):
        with open(os.path.join(helm.CHART, name), encoding="utf-8") as file:
            assert (tmp_path / name).read_text() == file.read(), "run helm/generate"


def test_the_defaults_and_all_examples_meet_the_schema():
    with open(os.path.join(helm.CHART, "values.schema.json"), encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    for path in ("values.yaml", *(f"ci/{name}-values.yaml" for name in NAMES)):
        with open(os.path.join(helm.CHART, path), encoding="utf-8") as file:
            complaints = [error.message for error in validator.iter_errors(yaml.safe_load(file))]
        assert not complaints, (path, complaints)


# Where each section of docs/configuration.md is in the chart's values, and which of its keys the chart makes of other values.
PLACES = {
    **{f"[{name}]": f"settings.{name}" for name in "http query log rules history compatibility limits collect host probe advice "
       "notify filter labels environment_labels".split()},
    "[server] or [[server]]": "servers", "[[pooler]]": "poolers", "[backup] or [[backup]]": "backups", "[receiver.NAME]": "receivers",
    "[[route]]": "routes", "[[inhibit]]": "inhibits", "[mute.NAME]": "mutes", "[auth_module.NAME]": "authModules",
    "[collector.NAME]": "collectorOverrides", "[advice.KIND]": "settings.advice", "[state]": "state",
}  # fmt: skip
SECRETS = {"user_file", "password_file", "password_variable"}  # existingSecret
MADE = {
    "servers": SECRETS | {"dsn"}, "poolers": SECRETS | {"dsn"}, "authModules": SECRETS, "settings.http": {"listen"},
    "settings.collect": {"directory"}, "settings.rules": {"directories"}, "state": {"directory"},
}  # fmt: skip


def schema_at(schema, path):
    """The schema of the values at a path; of a list or a map by name, of one of them."""
    for key in path.split("."):
        schema = schema["properties"][key]
    return schema.get("items") or schema.get("additionalProperties") or schema


def test_every_section_of_the_configuration_is_a_value_of_the_chart():
    """So that neither a section nor a key can be forgotten here that pgvigil itself has."""
    with open(os.path.join(helm.CHART, "values.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    sections = re.split(r"^## (?=\[)", command("docs", "configuration").stdout, flags=re.MULTILINE)[1:]
    assert {section.splitlines()[0] for section in sections} == PLACES.keys()
    for section in sections:
        place = PLACES[section.splitlines()[0]]
        head = section.split("\n### ")[0].split("\n## ")[0]
        keys = set(re.findall(r"^\| `(\w+)", head, re.MULTILINE)) - MADE.get(place, set())
        shape = schema_at(schema, place)
        for one in [branch["then"] for branch in shape.get("allOf", ())] or [shape]:
            missing = keys - one.get("properties", {}).keys()
            assert not missing, (place, missing)
    receivers = re.findall(r'^### type = "(\w+)"\n(.*?)(?=^##)', command("docs", "configuration").stdout, re.MULTILINE | re.DOTALL)
    branches = {one["if"]["properties"]["type"]["const"]: one["then"]["properties"] for one in
                schema_at(schema, "receivers")["allOf"]}  # fmt: skip
    for kind, text in receivers:
        keys = set(re.findall(r"^\| `(\w+)", text, re.MULTILINE))
        assert keys - branches[kind].keys() <= {"url"}, kind  # where it is a secret: url_file


def test_every_value_is_described():
    with open(os.path.join(helm.CHART, "README.md"), encoding="utf-8") as file:
        readme = file.read()
    with open(os.path.join(helm.CHART, "values.yaml"), encoding="utf-8") as file:
        for section, value in yaml.safe_load(file).items():
            known = f"| `{section}" in readme or not isinstance(value, dict)
            assert known, section


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_satisfies_the_restricted_standard(name):
    for kind, spec in pods(name):
        assert spec["securityContext"]["runAsNonRoot"] is True, kind
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, kind
        assert spec["automountServiceAccountToken"] is (name == "cloudnativepg" and kind == "Deployment"), kind
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]} and context["runAsNonRoot"] is True
            assert container["resources"]["limits"]["memory"] and "cpu" not in container["resources"]["limits"]
            for mount in container["volumeMounts"] if "volumeMounts" in container else ():
                assert "subPath" not in mount  # such a mount is never updated


def test_beside_postgres_nothing_can_take_it_out_of_its_service():
    [(_, spec)] = [pair for pair in pods("demo") if pair[0] == "StatefulSet"]
    [agent] = [one for one in spec["containers"] if one["name"] == "pgvigil"]
    [snippet] = [one for one in of_kind("sidecar", "ConfigMap") if one["metadata"]["name"].endswith("-snippet")]
    [beside] = yaml.safe_load(snippet["data"]["container.yaml"])
    for container in (agent, beside):
        assert "readinessProbe" not in container and "startupProbe" not in container
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert "--supervise" in container["args"] and "restartPolicy" not in container
    for volume in (*spec["volumes"], *yaml.safe_load(snippet["data"]["volumes.yaml"])):
        assert not volume.get("emptyDir"), volume  # beyond a limit the pod is evicted


def test_passwords_stand_in_secrets_only():
    for name in NAMES:
        for one in helm.objects(golden(name)):
            if one["kind"] != "Secret":
                assert "for-the-demo" not in json.dumps(one), (name, one["kind"])


def test_the_monitors_find_the_pods_and_carry_the_additional_labels():
    [monitor] = of_kind("deployment", "ServiceMonitor")
    [service] = of_kind("deployment", "Service")
    [deployment] = of_kind("deployment", "Deployment")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    for kind in ("ServiceMonitor", "PrometheusRule"):
        for one in of_kind("deployment", kind):
            assert one["metadata"]["labels"]["release"] == "monitoring", kind
    [monitor] = of_kind("demo", "PodMonitor")
    [stateful] = of_kind("demo", "StatefulSet")
    pod = stateful["spec"]["template"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = [port["name"] for one in pod["spec"]["containers"] for port in one["ports"]]
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports


def test_every_file_that_the_configuration_names_is_mounted():
    for name in NAMES:
        [made] = [one for one in of_kind(name, "ConfigMap") if "pgvigil.toml" in one["data"]]
        named = set(re.findall(r"/etc/pgvigil/(?:secrets/)?[^/'\" ]+", made["data"]["pgvigil.toml"]))
        for kind, spec in pods(name):
            for container in (one for one in spec["containers"] if one["name"] == "pgvigil" and kind != "Pod"):
                mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
                assert named <= mounts.keys(), (name, named)
                assert set(mounts.values()) <= {volume["name"] for volume in spec["volumes"]}
                assert all(re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", volume) for volume in mounts.values())


def test_the_right_to_read_cloudnativepgs_objects_is_no_more_than_that():
    [role] = of_kind("cloudnativepg", "Role")
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    resources = {f"{one}.{group}" for rule in role["rules"] for group in rule["apiGroups"] for one in rule["resources"]}
    assert verbs == {"get", "list"}
    assert resources == {"clusters.postgresql.cnpg.io", "backups.postgresql.cnpg.io", "scheduledbackups.postgresql.cnpg.io",
                         "objectstores.barmancloud.cnpg.io"}  # fmt: skip
    [binding] = of_kind("cloudnativepg", "RoleBinding")
    [account] = of_kind("cloudnativepg", "ServiceAccount")
    [deployment] = of_kind("cloudnativepg", "Deployment")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [one["name"] for one in binding["subjects"]] == [account["metadata"]["name"]]
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]
    for name in NAMES:
        assert bool(of_kind(name, "Role")) == bool(of_kind(name, "RoleBinding")) == (name == "cloudnativepg")


def test_the_policy_of_the_network_lets_pgvigil_reach_what_it_is_told_to():
    for name, wanted in (("deployment", {443, 5432, 5433, 6432, 8008, 9999}), ("cloudnativepg", {443, 5432, 6443}), ("notify", {443, 587, 5432, 8080, 9093})):
        [policy] = of_kind(name, "NetworkPolicy")
        open_ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
        assert wanted <= open_ports, name


def job_of(name, job):
    """(pod, container) of the CronJob or the hook whose name ends so."""
    [made] = [one for one in of_kind(name, "CronJob") + of_kind(name, "Job") if one["metadata"]["name"].endswith(f"-{job}")]
    spec = made["spec"]["jobTemplate"]["spec"] if made["kind"] == "CronJob" else made["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    return pod, container


def test_only_the_drill_has_the_key_that_decrypts():
    of_job = {}
    for name in ("backup", "restore-drill", "preflight"):
        pod, container = job_of("notify", name)
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        secrets = {one["name"]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
        of_job[name] = {secrets[volume] for volume in mounts.values() if volume in secrets}
        keys = [one["value"] for one in container["env"] if "GPG_KEY" in one["name"]]
        assert keys and {os.path.dirname(key) for key in keys} <= mounts.keys()
    assert "backup-secret" in of_job["restore-drill"] and "backup-public" not in of_job["restore-drill"]
    for name in ("backup", "preflight"):
        assert "backup-public" in of_job[name] and "backup-secret" not in of_job[name]


def test_the_jobs_keep_backups_where_the_agent_looks_at_them():
    [made] = [one for one in of_kind("notify", "ConfigMap") if "pgvigil.toml" in one["data"]]
    [backup] = tomllib.loads(made["data"]["pgvigil.toml"])["backup"]
    pod, container = job_of("notify", "backup")
    told_by = made["data"]["pgvigil.toml"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    named = set(re.findall(r'_file = "(/etc/pgvigil/secrets/[^/]+)/', told_by.split("[receiver.", 1)[1]))
    assert named and named | {"/etc/pgvigil/rules"} <= mounts.keys()
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    assert container["image"] == "ghcr.io/pgvigil/pgvigil-jobs:0.1.0-postgres17"
    env = {one["name"]: one.get("value") for one in container["env"]}
    assert env["PGVIGIL_BACKUP_DIR"] == backup["directory"] and env["PGVIGIL_BACKUP_ENCRYPTION"] == "gpg"
    [deployment] = of_kind("notify", "Deployment")
    volumes = [one for one in deployment["spec"]["template"]["spec"]["volumes"] if one["name"] == "pgvigil-backups"]
    assert volumes[0]["persistentVolumeClaim"] == {"claimName": "backups"}


def written(name, folder):
    """The configuration of a rendering as it is mounted, below `folder`; the path of pgvigil.toml."""
    for one in of_kind(name, "ConfigMap"):
        kind = one["metadata"]["name"].rsplit("-", 1)[-1]
        if kind in ("collectors", "rules"):
            (folder / kind).mkdir()
            for file, text in one["data"].items():
                (folder / kind / file).write_text(text)
    [made] = [one for one in of_kind(name, "ConfigMap") if "pgvigil.toml" in one["data"]]
    text = made["data"]["pgvigil.toml"].replace("/etc/pgvigil", str(folder)).replace("/var/lib", str(folder))
    (folder / "pgvigil.toml").write_text(text)
    (folder / "pgvigil-backup").mkdir()
    return folder / "pgvigil.toml"


@pytest.mark.parametrize("name", NAMES)
def test_the_agent_takes_the_configuration(name, tmp_path):
    """Whatever the values: pgvigil itself reads the file, collectors and rules; only Secrets are not there."""
    path = written(name, tmp_path)
    config = tomllib.loads(path.read_text())
    checked = command("check", "--config", str(path), env={"DATA_SOURCE_URI": "127.0.0.1:1/x"})
    assert "pgvigil.toml: good" in checked.stdout, checked.stdout + checked.stderr
    if name == "deployment":
        first, second = config["server"]
        assert first["labels"] == {"team": 'the "shop"'} and first["user_file"].endswith("/orders-pgvigil/username")
        assert r"host='billing\'s-db.db.svc'" in second["dsn"] and "sslcert=" in second["dsn"]
        assert [pooler["name"] for pooler in config["pooler"]] == ["orders-pool", "pgpool"]
        assert first["patroni_ca_file"].endswith("/secrets/patroni/ca.crt") and first["canary"] == "off"
        assert config["collector"]["stat_user_tables"]["filter"] == {"schemaname": ["public", "audit_*"]}
        assert config["advice"]["unused_index"] == {"min_age": "60d"} and config["filter"]["relname"] == ["!*_old"]
        assert config["labels"] == {"cluster": "payments", "team": "data"}
        assert config["environment_labels"].keys() == {"pod", "namespace", "node", "zone"}
        assert config["auth_module"]["rds"]["options"] == {"sslmode": "require"}
        assert config["auth_module"]["by_file"]["user_file"].endswith("/secrets/rds-pgvigil/user")
    if name == "notify":
        assert config["receiver"]["mail"]["from"] == "pgvigil <pgvigil@example.net>"
        assert config["receiver"]["hook"]["headers"] == {"X-Team": "dba"}
        assert config["route"][0]["match"] == ['severity="critical"'] and config["route"][0]["continue"] is True
        rules = sorted((tmp_path / "rules").iterdir())
        assert [rule.name for rule in rules] == ["overrides.toml", "workers.toml"]
        judged = command("rules", "check", *map(str, rules))
        assert judged.returncode == 0, judged.stdout + judged.stderr


def test_each_receiver_of_the_agent_is_one_of_the_chart():
    """And each of them stands in an example that the agent has read."""
    with open(os.path.join(helm.CHART, "values.schema.json"), encoding="utf-8") as file:
        kinds = json.load(file)["properties"]["receivers"]["additionalProperties"]["properties"]["type"]["enum"]
    with open(os.path.join(helm.CHART, "ci/notify-values.yaml"), encoding="utf-8") as file:
        shown = {receiver["type"] for receiver in yaml.safe_load(file)["receivers"].values()}
    documented = command("docs", "configuration").stdout
    assert set(kinds) == shown == set(re.findall(r'^### type = "(\w+)"', documented, re.MULTILINE))
