"""Authorities and the certificates that they give to servers on 127.0.0.1, made by openssl."""

import os
import ssl
import subprocess


def _openssl(*words, given=None):
    done = subprocess.run(["openssl", *words], input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """A certificate authority in `folder`: `file` is what those who trust it name."""

    def __init__(self, folder, name="authority"):
        self._base = os.path.join(folder, name)
        self.file = self._base + ".pem"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", self._base + ".key", "-out", self.file,
        )  # fmt: skip

    def sign(self, name, alternative):
        """Paths of a key and of its certificate for `name`; `alternative` is as `DNS:db` or `IP:127.0.0.1`."""
        key, request, certificate = (f"{self._base}-{name}.{end}" for end in ("key", "csr", "pem"))
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={alternative}", "-keyout", key, "-out", request,
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._base + ".key", "-days", "2",
            "-copy_extensions", "copy", "-out", certificate,
        )  # fmt: skip
        return key, certificate

    def server(self):
        """A context of ssl for a server on 127.0.0.1."""
        key, certificate = self.sign("127.0.0.1", "IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
