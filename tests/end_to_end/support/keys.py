"""Keys of gpg and age that live for one test."""

import os
import subprocess

from . import places


def _run(words):
    ended = subprocess.run(
        [*places.as_server_user("KILL"), *words], cwd="/", capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, f"{' '.join(words)}: {ended.stderr}"
    return ended


class GpgHome:
    """A GNUPGHOME of the server's user."""

    def __init__(self):
        self.home = places.new_folder("gpg")
        os.chmod(self.home, 0o700)

    def new_key(self, name, made=None, expires="never", passphrase=""):
        """Its fingerprint. `made` is a moment of the past, as gpg's --faked-system-time takes it."""
        when = [] if made is None else ["--faked-system-time", made]
        words = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase]
        _run([*words, *when, "--quick-generate-key", name, "future-default", "default", expires])
        listed = _run(["gpg", "--homedir", self.home, "--batch", "--with-colons", "--list-keys", name]).stdout
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def export(self, passphrase=None):
        """The path of a file with all public keys, or with the secret ones."""
        path = os.path.join(self.home, "public.asc" if passphrase is None else "secret.asc")
        secret = ["--pinentry-mode", "loopback", "--passphrase", passphrase or ""]
        how = ["--export"] if passphrase is None else [*secret, "--export-secret-keys"]
        _run(["gpg", "--homedir", self.home, "--batch", "--quiet", "--armor", "--output", path, *how])
        return path

    def remove(self):
        _run(["gpgconf", "--homedir", self.home, "--kill", "all"])
        places.remove_folder(self.home)


class AgeKey:
    """A key pair: `identity` is the file, `recipient` the public half."""

    def __init__(self):
        self.home = places.new_folder("age")
        self.identity = os.path.join(self.home, "key.txt")
        _run(["age-keygen", "-o", self.identity])
        self.recipient = _run(["age-keygen", "-y", self.identity]).stdout.strip()

    def remove(self):
        places.remove_folder(self.home)
