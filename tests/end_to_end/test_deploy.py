"""What deploy/ holds for those who install: the operators' snippets, the unit of systemd, the Debian package, compose."""

import json
import os
import re
import shutil
import stat
import subprocess

import jsonschema
import pytest
import yaml

from support import helm, snippets
from support.agent import binary, command
from support.dashboards import REPOSITORY

DEPLOY = os.path.join(REPOSITORY, "deploy")
SNIPPETS = snippets.names()
BESIDE = [name for name in SNIPPETS if name != "cloudnativepg-values.yaml"]
KNOWN = snippets.names(snippets.OPERATORS)
BY_VARIABLES_ONLY = {"zalando.yaml", "crunchy.yaml"}  # the operator mounts no Secret into a sidecar


def read(path):
    with open(os.path.join(DEPLOY, path), encoding="utf-8") as file:
        return file.read()


IMAGES_OWN_COMMAND = json.loads(re.findall(r"^CMD (.*)$", read("Dockerfile"), re.MULTILINE)[-1])  # of the last stage


def sidecars(name):
    found = list(snippets.containers(snippets.documents(name)))
    assert found, name
    return found


@pytest.mark.parametrize("name", BESIDE)
def test_a_snippet_never_endangers_its_postgres(name):
    for one in sidecars(name):
        assert "readinessProbe" not in one and "startupProbe" not in one and "restartPolicy" not in one
        assert one.get("args", IMAGES_OWN_COMMAND)[:2] == ["run", "--supervise"]
        assert one["resources"]["requests"] and one["resources"]["limits"]["memory"] == "64Mi"
        assert one["ports"] == [{"name": "pgvigil", "containerPort": one["ports"][0]["containerPort"], "protocol": "TCP"}]
        if "livenessProbe" in one:
            assert one["livenessProbe"]["httpGet"]["path"] == "/livez"
            assert one["livenessProbe"]["failureThreshold"] >= 10
        context = one.get("securityContext")
        if name != "zalando.yaml":  # whose operator sets its own
            assert context["runAsNonRoot"] and context["readOnlyRootFilesystem"]
            assert context["capabilities"] == {"drop": ["ALL"]} and not context["allowPrivilegeEscalation"]


@pytest.mark.parametrize("name", BESIDE)
def test_a_snippet_leaves_the_pod_of_its_postgres_as_it_is(name):
    """An fsGroup opens the data directory to a group, and Postgres does not start on such a one."""
    for document in snippets.documents(name):
        if document.get("apiVersion") == "apps/v1":
            assert document["spec"]["template"]["spec"].keys() == {"containers", "volumes"}


@pytest.mark.parametrize("name", BESIDE)
def test_the_program_takes_a_snippets_environment(name, tmp_path):
    for one in sidecars(name):
        environment = {each["name"]: each.get("value", "secret") for each in one["env"]}
        if "DATA_SOURCE_PASS_FILE" in environment:
            (tmp_path / "password").write_text("secret")
            environment["DATA_SOURCE_PASS_FILE"] = str(tmp_path / "password")
        else:
            assert name in BY_VARIABLES_ONLY or "cnpg_metrics_exporter" in environment.values()
        checked = command("check", env=environment)
        assert "from the environment: good" in checked.stdout, checked.stdout + checked.stderr


@pytest.mark.skipif(not helm.tool("kube_strict"), reason="there is no kube_strict: tests/lib/kube_tools builds it")
@pytest.mark.parametrize("name", BESIDE)
def test_a_snippets_container_is_one_of_kubernetes(name):
    for one in sidecars(name):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [one]}}
        checked = helm.run("kube_strict", given=yaml.safe_dump(pod))
        assert checked.returncode == 0, checked.stdout
    for document in snippets.documents(name):
        if document.get("apiVersion") in ("v1", "apps/v1"):
            assert helm.run("kube_strict", given=yaml.safe_dump(document)).returncode == 0, name


def operators_schema(name):
    """(kind or None for values, JSON Schema that refuses fields which the operator does not know)."""
    [known] = snippets.documents(name, snippets.OPERATORS)
    if known.get("kind") != "CustomResourceDefinition":
        return None, strict(known)
    [version] = known["spec"]["versions"]
    return known["spec"]["names"]["kind"], strict(version["schema"]["openAPIV3Schema"])


def strict(schema):
    """A structural schema of Kubernetes, in which what is not named is refused unless it says otherwise."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "type" in made:
        made.setdefault("additionalProperties", bool(made.get("x-kubernetes-preserve-unknown-fields")))
    if made.pop("nullable", False) is True:
        made["type"] = [made["type"], "null"]
    return made


def of_the_operator(name):
    """The document of a snippet that its operator reads, and the schema of what that knows."""
    kind, schema = operators_schema(name)
    [document] = [one for one in snippets.documents(name) if kind in (None, one.get("kind"))]
    return document, jsonschema.Draft7Validator(schema)


def test_what_the_operators_know_is_written_down_for_each_of_them():
    kinds = {name: {one.get("apiVersion") for one in snippets.documents(name)} for name in BESIDE}
    plain = {name for name, found in kinds.items() if found <= {"v1", "apps/v1"}}
    assert set(KNOWN) == set(BESIDE) - plain


@pytest.mark.parametrize("name", KNOWN)
def test_a_snippet_has_only_fields_that_its_operator_knows(name):
    document, validator = of_the_operator(name)
    assert not [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", KNOWN)
def test_a_field_that_the_operator_does_not_know_is_refused(name):
    document, validator = of_the_operator(name)
    assert validator.is_valid(document)
    document.get("spec", document)["sidecar"] = []
    assert not validator.is_valid(document)


@pytest.mark.skipif(not helm.tool("helm"), reason="there is no helm: tests/lib/kube_tools builds it")
def test_the_chart_takes_the_values_for_cloudnativepg():
    values = f"{DEPLOY}/kubernetes/cloudnativepg-values.yaml"
    done = helm.run("helm", "template", "x", helm.CHART, "--kube-version", helm.KUBERNETES, "--values", values)
    assert done.returncode == 0, done.stderr
    [made] = [one for one in helm.objects(done.stdout) if one["kind"] == "ConfigMap"]
    services = {one["metadata"]["name"] for one in helm.objects(done.stdout) if one["kind"] == "Service"}
    hosts = set(re.findall(r"host='([\w-]+)\.db\.svc'", made["data"]["pgvigil.toml"]))
    assert hosts and hosts <= services


def test_the_readme_names_every_snippet():
    assert set(re.findall(r"^\| `([\w.-]+\.yaml)`", read("kubernetes/README.md"), re.MULTILINE)) == set(SNIPPETS)


# SQL


def psql(cluster, *words):
    done = subprocess.run(
        ["psql", "--no-psqlrc", "-h", cluster.home, "-p", str(cluster.port), "-U", "postgres", "-d", "postgres", *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_role_is_made_and_its_password_rotated_by_the_same_file(making):
    cluster = making.cluster(role=False, settings={"shared_preload_libraries": "pg_stat_statements"})
    for password in ("it's the first", "the second"):
        status, said = psql(cluster, "-v", f"password={password}", "-f", f"{DEPLOY}/sql/role.sql")
        assert status == 0, said
        quoted = password.replace("'", "\\'")
        checked = command("check", env={"DATA_SOURCE_NAME": cluster.dsn(password=f"'{quoted}'")})
        assert "password authentication failed" not in checked.stdout + checked.stderr
        assert "needs" not in checked.stderr and "GRANT pg_monitor" not in checked.stdout, checked.stdout
    assert cluster.value("select rolconnlimit from pg_roles where rolname = 'pgvigil'") == 8
    assert psql(cluster, "-f", f"{DEPLOY}/sql/statements.sql")[0] == 0
    assert cluster.value("select has_function_privilege('pgvigil', 'pg_stat_file(text, boolean)', 'execute')")
    assert "give the password" in psql(cluster, "-f", f"{DEPLOY}/sql/role.sql")[1]


# systemd and the Debian package


def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "pgvigil.service"
    unit.write_text(read("systemd/pgvigil.service").replace("/usr/bin/pgvigil", binary()))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "pgvigil" in line]
    assert not said, "\n".join(said)


def test_the_unit_is_confined():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"{DEPLOY}/systemd/pgvigil.service"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    [exposure] = re.findall(r"Overall exposure level for pgvigil.service: ([\d.]+)", done.stdout)
    assert float(exposure) < 2.0, done.stdout


def test_the_packages_configuration_is_good(tmp_path):
    (tmp_path / "password").write_text("x")
    text = read("systemd/pgvigil.toml").replace("/run/credentials/pgvigil.service", str(tmp_path))
    (tmp_path / "pgvigil.toml").write_text(text.replace("/var/lib/pgvigil", str(tmp_path)))
    checked = command("check", "--config", str(tmp_path / "pgvigil.toml"))
    assert "pgvigil.toml: good" in checked.stdout, checked.stdout + checked.stderr


@pytest.fixture(scope="module", name="package")
def made_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    build = os.path.dirname(os.path.dirname(os.path.realpath(binary())))
    done = subprocess.run(
        ["cpack", "-G", "DEB", "-B", str(folder)], cwd=build, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [package] = folder.glob("*.deb")
    return package


def test_the_debian_package_holds_what_it_should(package, tmp_path):
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    files = {line.split(maxsplit=5)[5].removeprefix(".") for line in listed.splitlines()}
    for path in ("/usr/bin/pgvigil", "/usr/lib/systemd/system/pgvigil.service", "/etc/pgvigil/pgvigil.toml",
                 "/usr/share/pgvigil/sql/role.sql", "/usr/share/pgvigil/dashboards/pgvigil-fleet.json",
                 "/usr/lib/pgvigil/backup/pgvigil-backup", "/usr/lib/pgvigil/backup/backup.env.example"):  # fmt: skip
        assert path in files, listed
    shown = subprocess.run(["dpkg-deb", "--info", package], capture_output=True, text=True, check=True).stdout
    assert "libpq5" in shown and "conffiles" in shown and "postinst" in shown
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "root"], check=True)
    version = subprocess.run([tmp_path / "root/usr/bin/pgvigil", "version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("pgvigil ")
    gate = tmp_path / "root/usr/lib/pgvigil/backup/pgvigil-pre-migration"
    assert "--max-age" in subprocess.run([gate, "--help"], capture_output=True, text=True, check=True).stdout


LIFE = r"""
cp -- "$1" root/package.deb
mount -t proc proc root/proc
chroot root bash -exc '
  dpkg --install /package.deb
  test "$(stat -c "%a %U %s" /etc/pgvigil/password)" = "600 root 0"
  pgvigil version
  echo "# mine" >>/etc/pgvigil/pgvigil.toml
  echo secret >/etc/pgvigil/password
  dpkg --install /package.deb
  test "$(tail -n 1 /etc/pgvigil/pgvigil.toml) $(cat /etc/pgvigil/password)" = "# mine secret"
  dpkg --remove pgvigil
  test -e /etc/pgvigil/password -a ! -e /usr/bin/pgvigil
  dpkg --purge pgvigil
  test ! -e /etc/pgvigil
'
"""
OVERLAY = """set -eu
mount -t tmpfs tmpfs "$2" && cd -- "$2" && mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
"""


def over_this_machine(script, *words):
    """Runs a script in a folder whose `root` is this machine with all changes thrown away."""
    return subprocess.run(["unshare", "--mount", "bash", "-c", OVERLAY + script, "life", *map(str, words)],
                          capture_output=True, text=True, timeout=300, check=False)  # fmt: skip


def test_the_debian_package_is_installed_upgraded_removed_and_purged(package, tmp_path):
    if over_this_machine("", package, tmp_path).returncode:
        pytest.skip("an overlay cannot be mounted here")
    done = over_this_machine(LIFE, package, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


# images


def test_the_images_carry_the_projects_version():
    [version] = re.findall(r"^project\(pgvigil VERSION (\S+)", read("../CMakeLists.txt"), re.MULTILINE)
    assert set(re.findall(r"^ARG VERSION=(.*)$", read("Dockerfile"), re.MULTILINE)) == {version}
    assert yaml.safe_load(read("compose.yaml"))["services"]["pgvigil"]["image"].endswith(f":{version}")


def test_all_that_the_dockerfile_copies_is_there_and_not_ignored():
    kept = {line[1:] for line in read("../.dockerignore").splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--)(.*)$", read("Dockerfile"), re.MULTILINE) for word in line.split()[:-1]}
    assert copied == kept
    for path in copied:
        assert os.path.exists(os.path.join(REPOSITORY, path)), path


def test_the_chart_and_the_image_of_the_jobs_take_the_same_postgres():
    [chart] = re.findall(r"^  postgres: (\d+)$", read("../helm/pgvigil/values.yaml"), re.MULTILINE)
    assert set(re.findall(r"^ARG POSTGRES=(.*)$", read("Dockerfile"), re.MULTILINE)) == {chart}
    assert re.findall(r"^postgres=(\d+)", read("image"), re.MULTILINE) == [chart]


# compose


def test_passwords_are_made_once_for_all_users_of_the_containers(tmp_path):
    shutil.copy(f"{DEPLOY}/compose.d/make-passwords", tmp_path)
    made = []
    for _ in range(2):
        subprocess.run([tmp_path / "make-passwords"], check=True, timeout=60)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1] and len(set(made[0].values())) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", text) for text in made[0].values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()} == {0o644}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    mounted = {os.path.basename(each["file"]) for each in yaml.safe_load(read("compose.yaml"))["secrets"].values()}
    assert set(made[0]) == mounted


def test_compose_mounts_what_there_is():
    compose = yaml.safe_load(read("compose.yaml"))
    mounted = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert mounted
    for path in mounted:
        assert os.path.exists(os.path.join(DEPLOY, path)), path
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])


def test_promtool_accepts_composes_prometheus(tmp_path):
    (tmp_path / "rules").symlink_to(f"{DEPLOY}/prometheus")
    (tmp_path / "prometheus.yml").write_text(read("compose.d/prometheus.yml"))
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "2 rule files found" in done.stdout, done.stdout + done.stderr
