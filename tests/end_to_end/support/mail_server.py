"""A real mail server on loopback."""

import email
import os
import subprocess
import sys

from support import places

PASSWORD = "planted-secret"
SERVER = """
import ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, box, password, mode, *files = sys.argv[1:]

class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with open(box, "ab") as file:
            file.write((session.auth_data or b"") + b"\\n" + envelope.content + b"\\n%%\\n")
        return "250 taken"

def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == password.encode(), handled=False, auth_data=data.login)

choices = {}
if mode != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    choices = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": mode != "tls"}
    choices |= {"ssl_context": context} if mode == "tls" else {"tls_context": context, "require_starttls": True}
Controller(Keep(), hostname="127.0.0.1", port=int(port), **choices).start()
print("ready", flush=True)
sys.stdin.read()
"""


class MailServer:
    """aiosmtpd in a process of its own; it knows everybody but nobody@.

    `mode`: "none" offers no STARTTLS; "starttls" and "tls" want it, with the certificate and key of `files`, and whoever
    sends has to log in with PASSWORD.
    """

    def __init__(self, home, mode="none", files=()):
        self.port = places.free_port()
        self._box = os.path.join(home, f"box-{self.port}")
        self._words = [sys.executable, "-c", SERVER, str(self.port), self._box, PASSWORD, mode, *files]

    def __enter__(self):
        self._process = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)

    def _taken(self):
        if not os.path.exists(self._box):
            return []
        with open(self._box, "rb") as file:
            return [one.partition(b"\n") for one in file.read().split(b"\n%%\n")[:-1]]

    def mails(self):
        """What it took, in order."""
        return [email.message_from_bytes(content) for _, _, content in self._taken()]

    def senders(self):
        """Who was logged in, by mail."""
        return [login.decode() for login, _, _ in self._taken()]
