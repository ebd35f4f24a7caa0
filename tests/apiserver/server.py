"""A kube-apiserver with its etcd on the loopback, and kubectl and helm that speak to it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from support import helm, places  # noqa: E402  pylint: disable=wrong-import-position

TOKEN = "of-this-run"  # the server listens on the loopback, and is gone with this script


class Server:
    """In `folder`; as a context it stops both processes at its end."""

    def __init__(self, folder):
        self.folder, self._processes = folder, []
        self.port = places.free_port()
        self.kubeconfig = folder / "kubeconfig"

    def __enter__(self):
        try:
            self._start_etcd()
            self._start_apiserver()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.terminate()
            process.wait(60)

    def _start(self, name, *words):
        with open(self.folder / f"{name}.log", "ab") as log:
            self._processes.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdout=log, stderr=log, cwd=self.folder))

    def _start_etcd(self):
        self.etcd, peer = (f"http://127.0.0.1:{places.free_port()}" for _ in range(2))
        self._start("etcd", "etcd", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", self.etcd,
                    "--advertise-client-urls", self.etcd, "--listen-peer-urls", peer,
                    "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}")  # fmt: skip

    def _start_apiserver(self):
        key = self.folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
        self._start("kube-apiserver", helm.tool("kube-apiserver"), f"--etcd-servers={self.etcd}", "--bind-address=127.0.0.1",
                    f"--secure-port={self.port}", f"--cert-dir={self.folder}/certificates",
                    f"--token-auth-file={self.folder}/tokens.csv", "--authorization-mode=RBAC",
                    "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
                    f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.0.0.0/24",
                    "--disable-admission-plugins=ServiceAccount")  # nobody makes accounts here  # fmt: skip
        cluster = {"server": f"https://127.0.0.1:{self.port}",
                   "certificate-authority": f"{self.folder}/certificates/apiserver.crt"}  # fmt: skip
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "x", "clusters": [{"name": "x", "cluster": cluster}],
            "users": [{"name": "x", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}]}))  # fmt: skip
        start = time.monotonic()
        while self.kubectl("get", "--raw", "/readyz").returncode:
            if time.monotonic() - start > 180 or self._processes[-1].poll() is not None:
                log = (self.folder / "kube-apiserver.log").read_text(errors="replace").splitlines()
                raise SystemExit("FAILED: the kube-apiserver is not ready:\n" + "\n".join(log[-20:]))
            time.sleep(0.5)

    def _run(self, program, *words, given=None):
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self.folder / "helm")}
        return subprocess.run([program, *words], input=given, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def kubectl(self, *words, given=None):
        return self._run(shutil.which("kubectl"), *words, given=given)

    def helm(self, *words):
        return self._run(helm.tool("helm"), *words)
