"""The image of the jobs, against the Postgres of compose and against one that archives by pgBackRest."""

import json

from engine import until
from images import JOBS, POSTGRES

CONFINED = ("--rm", "--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop=ALL", "--security-opt=no-new-privileges")
SETS, REPOSITORY, ARCHIVING = "pgvigil-test-sets", "pgvigil-test-repository", "pgvigil-test-archiving"
NETWORK = "pgvigil_default"


def variables(**given):
    return [word for name, value in given.items() for word in ("--env", f"{name.upper()}={value}")]


class Jobs:
    """Jobs of one network, whose sets lie in one volume."""

    def __init__(self, engine, password):
        self._engine = engine
        self._common = variables(pgvigil_backup_dir="/var/lib/pgvigil-backup", pgvigil_drill_scratch="/tmp", pguser="postgres",
                                 pgpassword=password)  # fmt: skip
        engine.docker("volume", "create", SETS)
        engine.docker("run", "--rm", "--user=0", "--network=none", "--volume", f"{SETS}:/sets", JOBS[17], "chown", "65532:65532", "/sets")

    def run(self, major, *command, host="postgres", options=(), **given):
        """The finished process of a job."""
        return self._engine.docker("run", *CONFINED, "--network", NETWORK, "--volume", f"{SETS}:/var/lib/pgvigil-backup", *options,
                                   *self._common, *variables(pghost=host, **given), JOBS[major], *command, check=False)  # fmt: skip

    def good(self, *words, **how):
        done = self.run(*words, **how)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    def result(self):
        """The newest result of a drill."""
        return json.loads(self.run(17, "bash", "-c", "cd /var/lib/pgvigil-backup/drills && cat $(ls | tail -n 1)").stdout)

    def remove(self):
        self._engine.docker("rm", "--force", "--volumes", ARCHIVING, check=False)
        self._engine.docker("volume", "rm", "--force", SETS, REPOSITORY, check=False)

    # pgBackRest

    def begin_archiving(self, password):
        """A server that archives into a volume, a full backup in there, and rows that only its WAL has."""
        options = variables(postgres_password=password, pgbackrest_repo1_path="/repository", pgbackrest_stanza="main",
                            pgbackrest_pg1_path="/var/lib/postgresql/data", pgbackrest_log_level_file="off")  # fmt: skip
        self._engine.docker("run", "--detach", "--name", ARCHIVING, "--network", NETWORK, "--volume", f"{REPOSITORY}:/repository",
                            *options, POSTGRES, "-c", "archive_mode=on", "-c", "archive_command=pgbackrest archive-push %p")  # fmt: skip
        until(lambda: self._inside("pg_isready", "--host=127.0.0.1", check=False).returncode == 0, "the archiving server answers")
        self._inside("pgbackrest", "stanza-create")
        self._inside("psql", "-qc", "create table orders as select i as id from generate_series(1, 20000) i")
        self._inside("pgbackrest", "--type=full", "--start-fast", "--repo1-retention-full=2", "backup")
        self._inside("psql", "-qc", "insert into orders select i from generate_series(20001, 20100) i", "-c", "analyze")
        self._inside("pgbackrest", "check")

    def _inside(self, *words, **how):
        return self._engine.docker("exec", "--user=postgres", ARCHIVING, *words, **how)

    def drill_archiving(self, major):
        """The repository's group may read it, as a fsGroup would let it."""
        group = self._inside("id", "-g")
        return self.run(major, "pgvigil-restore-drill", host=ARCHIVING, pgvigil_backup_tool="pgbackrest", pgvigil_backup_stanza="main",
                        pgbackrest_repo1_path="/repository", pgbackrest_log_level_file="off",
                        pgvigil_drill_source=f"host={ARCHIVING} user=postgres",
                        options=("--group-add", group, "--volume", f"{REPOSITORY}:/repository:ro"))  # fmt: skip
