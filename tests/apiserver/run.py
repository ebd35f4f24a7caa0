#!/usr/bin/python3
"""A real kube-apiserver judges the chart and the operators' snippets. By hand.

usage: tests/apiserver/run.py

tests/lib/kube_tools and tests/apiserver/build come first. The server (with Debian's etcd, on the loopback, in a folder that is
removed) has no controllers and no nodes: it takes or refuses objects, which is what is asked. Each rendering of helm/pgvigil/ci/
goes through `kubectl apply --dry-run=server --validate=strict` into a namespace that enforces the restricted standard, where a
warning is an error, too; then Helm installs it, upgrades it and removes it. The same dry run takes names and labels that YAML or
Kubernetes could take for something else, and the snippets of deploy/kubernetes/, with what tests/fixtures/operators/ says that the
operators know as their definitions. Last come objects that have to be refused. Needs kubectl, Debian's etcd-server and openssl.
"""

import copy
import glob
import pathlib
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server import Server  # noqa: E402  pylint: disable=wrong-import-position
from support import helm, snippets, unusual_values  # noqa: E402  pylint: disable=wrong-import-position

CHART_VALUES, OTHERS_VALUES = "cloudnativepg-values.yaml", "bitnami-values.yaml"
RESTRICTED, PLAIN = "restricted", "db"  # the latter is the one that the snippets name
NOT_BY_ITSELF = "zalando.yaml"  # its operator makes the container's security


def told(what):
    print(f"ok    {what}", flush=True)


def must(done, what):
    if done.returncode:
        raise SystemExit(f"FAILED: {what}:\n{done.stdout}{done.stderr}")
    return done.stdout


def prepare(server):
    for name, labels in ((RESTRICTED, {"enforce": "restricted", "warn": "restricted"}), (PLAIN, {})):
        labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in labels.items()}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        must(server.kubectl("apply", "-f", "-", given=yaml.safe_dump(made)), f"the namespace {name}")
    theirs = sorted(glob.glob(f"{helm.TOOLS}/crds/*.yaml"))
    if not theirs:
        raise SystemExit("there are no definitions of the prometheus-operator: tests/apiserver/build makes them")
    ours = [f"{snippets.OPERATORS}/{name}" for name in snippets.names(snippets.OPERATORS) if name != OTHERS_VALUES]
    for path in [*theirs, *ours]:
        must(server.kubectl("apply", "--server-side", "-f", path), f"the definition {path}")
    must(server.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"), "all definitions are served")
    told(f"{len(theirs)} definitions of the prometheus-operator, {len(ours)} of operators")


def apply(server, objects, namespace, *words):
    """What the server says to them as they would be made, whatever namespace they name."""
    given = copy.deepcopy(objects)
    for one in given:
        one.get("metadata", {}).pop("namespace", None)
    return server.kubectl("apply", "--dry-run=server", "--validate=strict", "--namespace", namespace, *words, "-f", "-",
                          given=yaml.safe_dump_all(given))  # fmt: skip


def chart(server):
    named = {name: f"{helm.CHART}/ci/{name}-values.yaml" for name in helm.values_files()}
    for name, values in [*named.items(), (CHART_VALUES, f"{snippets.FOLDER}/{CHART_VALUES}")]:
        words = [helm.CHART, "--values", values]
        text = must(server.helm("template", "payments", "--kube-version", helm.KUBERNETES, *words), f"helm template of {name}")
        # A folder of the node is nothing that the standard lets through; whoever asks for one has another namespace.
        namespace, objects = PLAIN if "hostPath:" in text else RESTRICTED, helm.objects(text)
        must(apply(server, objects, namespace, "--warnings-as-errors"), f"the objects of {name}")
        words += ["--namespace", namespace, "--no-hooks"]  # nothing runs here
        must(server.helm("install", "payments", *words), f"helm install of {name}")
        must(server.helm("upgrade", "payments", *words, "--set", "image.tag=9.9.9", "--set", "resources.limits.memory=96Mi"),
             f"helm upgrade of {name}")  # fmt: skip
        must(server.helm("uninstall", "payments", "--namespace", namespace, "--no-hooks"), f"helm uninstall of {name}")
        told(f"chart, {name}: {len(objects)} objects, no warning in a {namespace} namespace; installed, upgraded, removed")


def unusual(server):
    for name, (release, values) in unusual_values.CASES.items():
        path = server.folder / "values.yaml"
        path.write_text(values)
        words = ["template", release, helm.CHART, "--kube-version", helm.KUBERNETES, "--values", str(path)]
        objects = helm.objects(must(server.helm(*words), f"helm template of {name}"))
        must(apply(server, objects, RESTRICTED, "--warnings-as-errors"), f"the objects of {name}")
    told(f"chart, names that could be something else: {', '.join(unusual_values.CASES)}")


def pod_of(container):
    volumes = [{"name": mount["name"], "emptyDir": {}} for mount in container.get("volumeMounts", [])]
    spec = {"containers": [container], "volumes": volumes, "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "beside"}, "spec": spec}


def beside(server):
    for name in snippets.names():
        if name == CHART_VALUES:
            continue
        objects = snippets.documents(name)
        if name != OTHERS_VALUES:
            must(apply(server, objects, PLAIN), name)
        container = next(snippets.containers(objects))
        namespace = PLAIN if name == NOT_BY_ITSELF else RESTRICTED
        must(apply(server, [pod_of(container)], namespace, "--warnings-as-errors"), f"the container of {name}")
        what = "values of another chart" if name == OTHERS_VALUES else f"{len(objects)} objects"
        told(f"{name}: {what}; its container as a pod of the {namespace} namespace")


def refused(server, what, objects, reason, namespace=RESTRICTED):
    done = apply(server, objects, namespace)
    if done.returncode == 0 or reason not in done.stderr:
        raise SystemExit(f"FAILED: {what} should be refused with “{reason}”: {done.stdout}{done.stderr}")
    told(f"refused, {what}: {reason}")


def mistakes(server):
    words = ["template", "payments", "--kube-version", helm.KUBERNETES, helm.CHART, "--values", f"{helm.CHART}/ci/deployment-values.yaml"]
    objects = helm.objects(must(server.helm(*words), "helm template"))

    def changed(kind, change):
        [one] = [copy.deepcopy(each) for each in objects if each["kind"] == kind]
        change(one)
        return [one]

    def pod(one):
        return one["spec"]["template"]["spec"]

    refused(server, "a misspelt field of a Deployment", changed("Deployment", lambda one: pod(one)["containers"][0].update(livenesProbe={})),
            'unknown field "spec.template.spec.containers[0].livenesProbe"')  # fmt: skip
    refused(server, "a misspelt field of a ServiceMonitor", changed("ServiceMonitor", lambda one: one["spec"].update(endpoint=[])),
            'unknown field "spec.endpoint"')  # fmt: skip
    refused(server, "a selector that selects other pods", changed("Deployment", lambda one: one["spec"]["selector"]["matchLabels"].update(app="x")),
            "`selector` does not match template `labels`")  # fmt: skip
    refused(server, "a mount of a volume that is not there", changed("Deployment", lambda one: pod(one).pop("volumes")), "Not found")
    refused(server, "an amount that is none",
            changed("Deployment", lambda one: pod(one)["containers"][0]["resources"].update(limits={"memory": "64MiB"})),
            "quantities must match")  # fmt: skip
    [container] = snippets.containers(snippets.documents("statefulset.yaml"))
    root = copy.deepcopy(container)
    root["securityContext"]["runAsNonRoot"] = False
    refused(server, "a container that may be root", [pod_of(root)], 'violates PodSecurity "restricted')
    cluster = snippets.documents("zalando.yaml")
    cluster[0]["spec"]["sidecars"][0]["args"] = ["run"]
    refused(server, "a field of a sidecar that Zalando's operator drops", cluster, 'unknown field "spec.sidecars[0].args"', PLAIN)


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    for tool in ("helm", "kube-apiserver"):
        if not helm.tool(tool):
            raise SystemExit(f"there is no {tool}: tests/lib/kube_tools and tests/apiserver/build make them")
    with tempfile.TemporaryDirectory(prefix="pgvigil-apiserver-") as folder, Server(pathlib.Path(folder)) as server:
        told(must(server.kubectl("version"), "kubectl version").splitlines()[-1])
        prepare(server)
        chart(server)
        unusual(server)
        beside(server)
        mistakes(server)


main()
