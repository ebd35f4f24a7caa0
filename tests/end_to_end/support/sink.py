"""A receiver of notifications on a free port of loopback, which keeps what it gets and answers what a test says."""

import http.server
import json
import threading
import time

SILENT = (299, {}, b"")  # taken, and the connection ends before anybody hears of it


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that are killed are nothing to tell of."""


class Sink:
    """Answers 200 unless `behave` (path, headers, body -> status, headers, body; None: hang up) says something else."""

    def __init__(self, behave=None, tls=None, host="127.0.0.1"):
        """`tls`: an ssl.SSLContext of a server; `host`: where it listens."""
        self.requests = []  # (path, headers, body)
        self._lock = threading.Lock()
        self.behave = behave or (lambda path, headers, body: (200, {}, b"ok"))
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer is one packet: the second of two would wait for 40 ms

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = sink.behave(self.path, dict(self.headers), body)
                if answer in (None, SILENT):
                    self.close_connection = True
                if answer is None:
                    return
                status, headers, content = answer
                if status < 300:
                    sink._keep((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if answer is SILENT:
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = Server((host, 0), Handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"{self._scheme}://{self._server.server_address[0]}:{self.port}"

    def _keep(self, request):
        with self._lock:
            self.requests.append(request)

    def bodies(self):
        with self._lock:
            return [json.loads(body) for _, _, body in self.requests]

    def wait_for(self, condition, what, seconds=30):
        """Until `condition(bodies)` holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self.bodies()):
                return
            time.sleep(0.05)
        raise AssertionError(f"not seen within {seconds} s: {what}; what came: {self.bodies()}")

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
