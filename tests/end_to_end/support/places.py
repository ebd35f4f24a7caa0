"""Folders, ports and the user that servers run as. Nothing here is shared between two runs at once."""

import os
import pwd
import random
import shutil
import socket
import tempfile

SERVER_USER = "postgres"
_reserved = []  # sockets that keep a port ours for as long as this process lives


def as_server_user(death_signal):
    """The head of a command that runs a server: not as root, and gone when the tests are killed outright."""
    words = ["setpriv", "--pdeathsig", death_signal]
    if os.geteuid() == 0:
        words += ["--reuid", SERVER_USER, "--regid", SERVER_USER, "--init-groups"]
    return words


def server_user():
    """The name of the user that servers run as."""
    return SERVER_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def give_to_server_user(path):
    """Postgres must own its folder; without root it does so already."""
    if os.geteuid() == 0:
        entry = pwd.getpwnam(SERVER_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def new_folder(name):
    """A folder of its own that the server's user owns and everybody may pass through."""
    path = tempfile.mkdtemp(prefix=f"pgvigil-{name}-")
    give_to_server_user(path)
    os.chmod(path, 0o755)
    return path


def remove_folder(path):
    shutil.rmtree(path, ignore_errors=True)


def free_port():
    """A TCP port below the kernel's range for outgoing connections that nobody uses and no other run takes.

    An abstract Unix socket named after the port reserves it among test runs; the kernel drops it with us.
    """
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0pgvigil-test-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _reserved.append(claim)
        return port
    raise RuntimeError("no free port found between 20000 and 32000")
