"""What the chart renders for mode demo, as podman 4.3 takes it, and the image of Postgres that it runs."""

import base64
import copy
import os
import pathlib
import subprocess
import sys
import tempfile

from node import ENVIRONMENT, HERE, HUB, SUBNET, run

sys.path.insert(0, str(HERE.parent / "end_to_end"))
from support import helm  # noqa: E402  pylint: disable=wrong-import-position

BASE = "localhost/pgvigil-test-postgres-base:15-pgbackrest"
POSTGRES = "localhost/pgvigil-test-postgres:15"
DEMO_ADDRESS = 2  # its last number on the bridge
USER = 65532  # of all but the Postgres of the demo, unless it is told to be this one, too


def build_postgres():
    """Debian's Postgres with pgBackRest, unless it is there already, and an entry point as the official image has it."""
    if subprocess.run(["podman", "image", "exists", BASE], env=ENVIRONMENT, check=False).returncode:
        with tempfile.TemporaryDirectory() as folder:
            run("mmdebstrap", "--variant=essential", "--mode=root", "--include=postgresql-15,pgbackrest",
                "--aptopt=APT::Install-Recommends \"false\"", "bookworm", f"{folder}/root.tar")  # fmt: skip
            container = run("buildah", "from", "scratch")
            run("buildah", "add", "--quiet", container, f"{folder}/root.tar", "/")
            run("buildah", "run", container, "--", "useradd", "--uid", str(USER), "--no-create-home", "pgvigil")
            run("buildah", "commit", "--quiet", "--rm", container, BASE)
    container = run("buildah", "from", BASE)
    run("buildah", "add", "--quiet", "--chmod", "0755", container, str(HERE / "postgres-entrypoint"), "/entrypoint")
    run("buildah", "config", "--entrypoint", '["/entrypoint"]', "--stop-signal", "SIGINT", container)
    run("buildah", "commit", "--quiet", "--rm", container, POSTGRES)


class Chart:
    """The chart's objects for these values, and their pods as podman can play them."""

    def __init__(self, values, folder, secrets=None):
        """`secrets`: those that are there already, name -> {key: bytes}."""
        self._folder = folder
        file = folder / "values.yaml"
        file.write_text(values)
        done = helm.run("helm", "template", "payments", helm.CHART, "--namespace", "db", "--kube-version", helm.KUBERNETES,
                        "--values", str(file))  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr)
        self.objects = helm.objects(done.stdout)
        self._config_maps = {one["metadata"]["name"]: one["data"] for one in self.of_kind("ConfigMap")}
        self._secrets = {one["metadata"]["name"]: self._decoded(one) for one in self.of_kind("Secret")} | (secrets or {})
        self._hosts = folder / "hosts"
        services = " ".join(one["metadata"]["name"] for one in self.of_kind("Service"))
        self._hosts.write_text(f"127.0.0.1 localhost\n{SUBNET}.{DEMO_ADDRESS} {services}\n{HUB} sink\n")

    @staticmethod
    def _decoded(secret):
        return {key: base64.b64decode(text) for key, text in secret["data"].items()}

    def of_kind(self, kind):
        return [one for one in self.objects if one["kind"] == kind]

    def demo(self):
        [stateful] = self.of_kind("StatefulSet")
        return self._pod("demo", stateful["spec"]["template"])

    def job(self, name):
        """The pod of a CronJob or a hook; the end of its name."""
        for one in self.of_kind("CronJob") + self.of_kind("Job"):
            if one["metadata"]["name"].endswith(f"-{name}"):
                job = one["spec"]["jobTemplate"] if one["kind"] == "CronJob" else one
                return self._pod(name, job["spec"]["template"])
        raise SystemExit(f"FAILED: the chart has no job {name}")

    def test(self):
        """The pod of `helm test`."""
        [pod] = self.of_kind("Pod")
        return self._pod("test", pod)

    def _pod(self, name, template):
        spec = copy.deepcopy(template["spec"])
        for container in spec["containers"]:
            self._simplify(container, name)
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder))
        folder.chmod(0o755)
        for volume in spec.setdefault("volumes", []):
            self._put_in_folder(volume, folder, {one["securityContext"]["runAsUser"] for one in spec["containers"]} == {USER})
        spec["volumes"].append({"name": "hosts", "hostPath": {"path": str(self._hosts), "type": "File"}})
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template.get("metadata", {}), "name": f"pgvigil-{name}"},
                "spec": spec}  # fmt: skip

    def _simplify(self, container, name):
        """What podman 4.3 does not have: ports without its own network, named ports of probes, the downward API."""
        for key in ("ports", "livenessProbe", "readinessProbe"):
            container.pop(key, None)
        container["imagePullPolicy"] = "Never"
        container["env"] = [self._plain(one, name) for one in container.get("env", [])]
        # and no Services: their names stand in a file
        container.setdefault("volumeMounts", []).append({"name": "hosts", "mountPath": "/etc/hosts", "readOnly": True})

    def _plain(self, variable, name):
        source = variable.get("valueFrom", {})
        if "fieldRef" in source:
            return {"name": variable["name"], "value": f"pgvigil-{name}" if variable["name"] == "POD_NAME" else "here"}
        if "secretKeyRef" in source:
            key = source["secretKeyRef"]
            return {"name": variable["name"], "value": self._secrets[key["name"]][key["key"]].decode()}
        return variable

    def _put_in_folder(self, volume, folder, has_one_user):
        """It knows no volumes of Secrets, makes one volume for all pods of a ConfigMap's, and has no fsGroup, which lets several
        users read a Secret: only where there is one its files are as the kubelet makes them."""
        place = folder / volume["name"]
        if "configMap" in volume:
            place.mkdir(mode=0o755)
            for key, text in self._config_maps[volume.pop("configMap")["name"]].items():
                (place / key).write_text(text)
        elif "secret" in volume:
            place.mkdir(mode=0o755)
            source = volume.pop("secret")
            for key, text in self._secrets[source["secretName"]].items():
                (place / key).write_bytes(text)
                if has_one_user:
                    os.chown(place / key, 0, USER)
                    (place / key).chmod(source.get("defaultMode", 0o644))
        elif "emptyDir" in volume:
            place.mkdir()
            place.chmod(0o777)
            del volume["emptyDir"]
        else:
            return
        volume["hostPath"] = {"path": str(place), "type": "Directory"}


def folder_for_all(path):
    """A folder that every user may write in."""
    pathlib.Path(path).mkdir()
    pathlib.Path(path).chmod(0o777)
    return path
