"""An HTTP proxy on a free port of loopback: forwards requests and tunnels, and keeps what it was asked for. Every host is
127.0.0.1 to it, so that a test sees that a name was left to the proxy."""

import http.client
import http.server
import select
import socket
import threading
import urllib.parse


class Proxy:
    def __init__(self):
        self.asked = []  # (method, target, Proxy-Authorization or None)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                proxy.asked.append(("POST", self.path, self.headers.get("Proxy-Authorization")))
                target = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                onward = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
                onward.request("POST", target.path, body, {"Content-Type": self.headers["Content-Type"]})
                answer = onward.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                onward.close()

            def do_CONNECT(self):  # noqa: N802
                proxy.asked.append(("CONNECT", self.path, self.headers.get("Proxy-Authorization")))
                with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2])), timeout=10) as onward:
                    self.send_response(200)
                    self.end_headers()
                    pass_on(self.connection, onward)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def pass_on(one, other):
    """Bytes in both directions until one side ends."""
    while True:
        for source in select.select([one, other], [], [], 10)[0] or [None]:
            data = source.recv(65536) if source else b""
            if not data:
                return
            (other if source is one else one).sendall(data)
