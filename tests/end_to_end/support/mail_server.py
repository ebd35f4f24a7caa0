"""A real mail server on loopback."""

import email
import os
import subprocess
import sys

from support import places

SERVER = """
import sys
from aiosmtpd.controller import Controller

class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with open(sys.argv[2], "ab") as file:
            file.write(envelope.content + b"\\n%%\\n")
        return "250 taken"

Controller(Keep(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
print("ready", flush=True)
sys.stdin.read()
"""


class MailServer:
    """aiosmtpd in a process of its own; it knows everybody but nobody@, and offers no STARTTLS."""

    def __init__(self, home):
        self.port = places.free_port()
        self._box = os.path.join(home, "box")

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.port), self._box], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)

    def mails(self):
        """What it took, in order."""
        if not os.path.exists(self._box):
            return []
        with open(self._box, "rb") as file:
            return [email.message_from_bytes(one) for one in file.read().split(b"\n%%\n")[:-1]]
