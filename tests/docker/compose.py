"""deploy/compose.yaml by Docker's compose: without and with passwords, up, looked at, down."""

import pathlib
import shutil
import sys
import urllib.parse

from engine import HERE, REPOSITORY, run, until

sys.path.insert(0, str(HERE.parent / "end_to_end"))
from support import dashboards  # noqa: E402  pylint: disable=wrong-import-position

SECRETS = REPOSITORY / "deploy/compose.d/secrets"
SERVICES = ("postgres", "pgvigil", "prometheus")  # an image of Grafana cannot be had
AGENT, PROMETHEUS = "http://127.0.0.1:9187", "http://127.0.0.1:9090"
LIMIT = 64 * 2**20


class Compose:
    """Up while it is entered."""

    def __init__(self, engine):
        self._engine = engine

    def __call__(self, *words, check=True):
        return self._engine.docker("compose", "--file", "deploy/compose.yaml", *words, check=check)

    def refused(self):
        """Which file it says is missing, to somebody who made no passwords."""
        shutil.rmtree(SECRETS, ignore_errors=True)
        done = self("up", "--detach", *SERVICES, check=False)
        assert done.returncode and "compose.d/secrets/" in done.stderr, done.stderr
        self("down", "--volumes")
        return done.stderr.strip().split(f"{REPOSITORY}/")[-1]

    def __enter__(self):
        run(REPOSITORY / "deploy/compose.d/make-passwords")
        try:
            self("up", "--detach", *SERVICES)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self("down", "--volumes")
        shutil.rmtree(SECRETS, ignore_errors=True)

    def password(self, name="postgres-password"):
        return (SECRETS / name).read_text()

    def sql(self, text):
        return self._engine.docker("exec", "pgvigil-postgres-1", "psql", "-U", "postgres", "-qAtc", text)

    # pgvigil

    def value(self, name):
        """Of the first series of pgvigil's whose line begins with `name`; None where there is none."""
        _, body = self._engine.ask(f"{AGENT}/metrics")
        found = [line.rsplit(" ", 1)[1] for line in body.splitlines() if line.startswith(name)]
        return float(found[0]) if found else None

    def wait_for_agent(self):
        return until(lambda: self._engine.ask(f"{AGENT}/readyz")[0] == 200 and self.value("pg_up") == 1, "pg_up is 1")

    def memory(self):
        """(limit, most that was used, processes that the kernel ended) of pgvigil's container, by its cgroup; bytes."""
        facts = self._engine.docker("inspect", "--format", "{{.HostConfig.Memory}} {{.Id}} {{.RestartCount}}", "pgvigil-pgvigil-1")
        limit, name, restarts = facts.split()
        assert restarts == "0", facts
        for folder in (f"/sys/fs/cgroup/memory/docker/{name}", f"/sys/fs/cgroup/docker/{name}"):
            for most, events in (("memory.max_usage_in_bytes", "memory.oom_control"), ("memory.peak", "memory.events")):
                folder = pathlib.Path(folder)
                if (folder / most).exists():
                    kills = dict(line.split() for line in (folder / events).read_text().splitlines())["oom_kill"]
                    return int(limit), int((folder / most).read_text()), int(kills)
        raise SystemExit(f"FAILED: no cgroup of {name}")

    # Prometheus

    def query(self, text):
        answer = self._engine.json(f"{PROMETHEUS}/api/v1/query?" + urllib.parse.urlencode({"query": text}))
        return answer["data"]["result"] if answer else []

    def wait_for_prometheus(self):
        until(lambda: self.query('up{job="postgres"} == 1'), "Prometheus scrapes pgvigil")
        return until(lambda: self.query("rate(pg_stat_database_xact_commit[1m])"), "two scrapes")

    def rules(self):
        """Health of each rule that Prometheus evaluates, once all were."""
        def found():
            groups = self._engine.json(f"{PROMETHEUS}/api/v1/rules")["data"]["groups"]
            return [rule["health"] for group in groups for rule in group["rules"]]
        until(lambda: "unknown" not in found(), "every rule was evaluated")
        return found()

    def panels(self, name):
        """(panels with data, panels) of a dashboard, each query asked of Prometheus."""
        asked = {}
        for _, title, text in dashboards.queries({name: dashboards.load()[name]}):
            asked[title] = asked.get(title) or bool(self.query(text))
        return sum(asked.values()), len(asked)
