"""A client of Prometheus's HTTP API, for a Prometheus and for whoever answers like one."""

import http.client
import json
import urllib.parse


class ApiAnswer:
    """The answer to one request."""

    def __init__(self, response):
        self.status = response.status
        self.content_type = (response.getheader("Content-Type") or "").split(";")[0]
        self.text = response.read().decode("utf-8")
        self.json = json.loads(self.text) if self.content_type == "application/json" else None

    @property
    def data(self):
        assert self.status == 200 and self.json["status"] == "success", self.text
        return self.json["data"]

    @property
    def error(self):
        """The HTTP status, the type and the words of an error."""
        assert self.json is not None and self.json["status"] == "error", self.text
        return self.status, self.json["errorType"], self.json["error"]


class PrometheusApi:
    """Keeps its connection, as Grafana does."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def _ask(self, method, path, body=None, headers=None):
        self._connection.request(method, path, body, headers or {})
        return ApiAnswer(self._connection.getresponse())

    def get(self, path, *parameters):
        query = urllib.parse.urlencode(parameters)
        return self._ask("GET", f"/api/v1/{path}" + ("?" + query if query else ""))

    def post(self, path, *parameters):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", f"/api/v1/{path}", urllib.parse.urlencode(parameters), headers)

    def remove(self):
        self._connection.close()


def shape(value):
    """What a client that parses JSON relies on: keys and types. Elements of a list count as one if they look alike."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = []
        for inner in map(shape, value):
            if inner not in shapes:
                shapes.append(inner)
        return shapes
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else "string"
