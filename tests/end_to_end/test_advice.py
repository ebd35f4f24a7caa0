"""`pgvigil advise` on a database with one of each fault, and a clean twin of each."""

import json
import os
import subprocess

import psycopg2
import pytest

from support import places
from support.agent import command
from support.cluster import DEBIAN_MAJOR, bin_folder
from support.config import config
from support.waiting import until

FAULTS_FILE = os.path.join(os.path.dirname(__file__), "../fixtures/advice/planted_faults.sql")
DATABASE = "planted"
# The faults are small: what is judged is their kind. That an index was unused for long enough nobody can see here; that it
# was found is what counts.
THRESHOLDS = """
[advice]
unused_index = { min_size = "100kB" }
duplicate_index = { min_size = "100kB" }
redundant_index = { min_size = "100kB" }
bloated_index = { min_bloat = "500kB" }
unindexed_foreign_key = { min_size = "100kB" }
sequential_scans = { min_size = "1MB", min_scans = 50 }
vacuum_behind = { min_dead_rows = 1000, min_age = "0s" }
freeze_behind = { min_ratio = 0.1 }
setting = { min_checkpoints = 3 }
slow_statement = { min_calls = 4, min_mean = "1200ms", min_total = "5s", min_share = 0.01 }
unstable_statement = { min_calls = 10, min_mean = "80ms", min_total = "1s", min_ratio = 3.5 }
spilling_statement = { min_total = "1MB", min_per_call = "100kB" }
oversized_result = { min_rows = 10000 }
"""
# Kind and object of everything that must be found, and of nothing else.
EXPECTED = {
    ("invalid_index", "faults", "twice_invalid_key"),
    ("invalid_index", "faults", "twice_a_idx_ccnew"),
    ("duplicate_index", "faults", "twice_a_idx2"),
    ("redundant_index", "faults", "shorter_a_idx"),
    ("unused_index", "faults", "events_note_idx"),
    ("bloated_index", "faults", "bloated_id_idx"),
    ("unindexed_foreign_key", "faults", "children_parent_fkey"),
    ("sequential_scans", "faults", "scanned"),
    ("vacuum_behind", "faults", "churned"),
    ("autovacuum_disabled", "faults", "forgotten"),
    ("freeze_behind", "faults", "old"),
    ("setting", "", "effective_cache_size"),
    ("setting", "", "enable_mergejoin"),
    ("setting", "", "fsync"),
    ("setting", "", "max_wal_size"),
    ("sequence_ending", "faults", "numbered_id_seq"),
    ("slow_statement", "faults", "sleep from one"),
    ("unstable_statement", "faults", "sleep from once"),
    ("spilling_statement", "faults", "sort"),
    ("oversized_result", "faults", "all rows"),
}
# Named by a part of their text, which only the superuser may read here.
STATEMENTS = {
    "%pg_sleep%faults.one%": ("faults", "sleep from one"),
    "%pg_sleep%faults.once%": ("faults", "sleep from once"),
    "%from faults.scanned b order by%": ("faults", "sort"),
    "select * from faults.scanned": ("faults", "all rows"),
}


# Tables whose indexes are there for other advisors, and used by nobody.
USED_BY_NOBODY = {"alike", "bloated", "children"}


def run_file(server, path):
    ended = subprocess.run(
        [
            os.path.join(bin_folder(DEBIAN_MAJOR), "psql"),
            *("-X", "-q", "-h", server.home, "-p", str(server.port), "-U", "postgres", "-d", DATABASE),
            *("-o", "/dev/null", "-f", path),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def plant_invalid_indexes(server):
    """CREATE INDEX CONCURRENTLY that fails leaves its index behind."""
    server.run("insert into faults.twice values (1, 1, 1)", database=DATABASE)
    for name in ("twice_invalid_key", "twice_a_idx_ccnew"):
        with pytest.raises(psycopg2.errors.UniqueViolation):
            server.run(
                f"create unique index concurrently {name} on faults.twice (a)", database=DATABASE
            )


def use_statements(server):
    """What applications ask, and how often."""
    with server.session(database=DATABASE) as session, session.cursor() as cursor:
        cursor.execute("set work_mem = '64kB'")
        cursor.execute("set enable_indexscan = off")
        for number in range(20):
            cursor.execute("select pg_sleep(%s) from faults.once", (2.0 if number == 7 else 0.001,))
            cursor.execute("select x from healthy.one")
            cursor.execute(
                "select count(*) from (select b.id from faults.scanned b order by b.note, b.id desc) s"
            )
            cursor.execute("select count(*) from healthy.small order by 1")
            cursor.execute("select * from faults.scanned")
            cursor.execute("select * from healthy.scanned limit 10")
        for _ in range(4):
            cursor.execute("select pg_sleep(1.5) from faults.one")
        cursor.execute("create table healthy.copies (like healthy.scanned)")
        for _ in range(20):
            cursor.execute("insert into healthy.copies select * from healthy.scanned limit 11000")
        cursor.execute("drop table healthy.copies")


def set_parameters(server):
    for assignment in ("effective_cache_size = '8MB'", "enable_mergejoin = off"):
        server.run(f"alter system set {assignment}")
    server.run("select pg_reload_conf()")
    # One that WAL asked for is counted when it is done, which takes minutes: there is WAL enough for these.
    for _ in range(3):
        server.run("checkpoint")


@pytest.fixture(scope="module", params=(13, 15, 18))
def planted(shared, request):
    server = shared.cluster(
        request.param, settings={"shared_preload_libraries": "pg_stat_statements", "max_wal_size": "32MB"}
    )
    server.run(f"create database {DATABASE}")
    server.run("create extension pg_stat_statements", database=DATABASE)
    run_file(server, FAULTS_FILE)
    plant_invalid_indexes(server)
    use_statements(server)
    set_parameters(server)
    # What pg_monitor does not bring: the numbers of sequences, and statistics of columns.
    for schema in ("faults", "healthy"):
        for grant in (
            f"usage on schema {schema}",
            f"select on all tables in schema {schema}",
            f"select on all sequences in schema {schema}",
        ):
            server.run(f"grant {grant} to pgvigil", database=DATABASE)
    return server


@pytest.fixture(scope="module")
def settings(planted):
    """A configuration file with the thresholds of these tests."""
    folder = places.new_folder("advice")
    path = os.path.join(folder, "pgvigil.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config(planted, planted.dsn(database=DATABASE), more=THRESHOLDS))
    yield path
    places.remove_folder(folder)


def advise(path, *words):
    return command("advise", "--config", path, *words)


def opinions(path, *words):
    ended = advise(path, "--format", "json", *words)
    assert ended.returncode in (0, 1), ended.stderr
    (report,) = json.loads(ended.stdout)
    return {opinion["kind"]: opinion for opinion in report["opinions"]}


def statement_names(server):
    names = {}
    for pattern, name in STATEMENTS.items():
        rows = server.rows(
            "select distinct queryid::text from pg_stat_statements where query ilike %s", (pattern,), database=DATABASE
        )
        names.update({queryid: name for (queryid,) in rows})
    return names


def found(server, path):
    """(kind, schema, name) of all advice."""
    statements = statement_names(server)
    seen = set()
    for kind, opinion in opinions(path).items():
        assert opinion["blind"] is None, opinion
        for advice in opinion["advice"]:
            about = advice["object"]
            if kind == "unused_index" and about["relname"] in USED_BY_NOBODY:
                continue
            name = about["name"] or about["relname"]
            schema, name = statements.get(name, (about["schemaname"], name))
            seen.add((kind, schema, name))
    return seen


def test_every_fault_is_found_and_no_clean_twin(planted, settings):
    def as_expected():
        seen = found(planted, settings)
        assert seen == EXPECTED, (EXPECTED - seen, seen - EXPECTED)
        return True

    until(as_expected, "what sessions did is counted, and all faults are found, and nothing else", 20)


def test_the_report_is_grouped_and_tells_what_to_do(planted, settings):
    ended = advise(settings, "--kind", "duplicate_index", "--kind", "sequence_ending")
    assert ended.returncode == 1, ended.stderr
    text = ended.stdout
    assert f"primary, Postgres {planted.major}." in text.splitlines()[0]
    assert text.index("duplicate_index (1)") < text.index("sequence_ending (1)")
    assert "fix     DROP INDEX CONCURRENTLY faults.twice_a_idx2;" in text
    assert "CREATE INDEX CONCURRENTLY twice_a_idx2 ON faults.twice USING btree (a, b);" in text
    assert "unused_index" not in text


def test_time_that_one_look_cannot_prove_is_told_and_not_advised(planted):
    folder = places.new_folder("advice")
    path = os.path.join(folder, "pgvigil.toml")
    thresholds = """[advice.unused_index]\nmin_size = "100kB"\n"""
    with open(path, "w", encoding="utf-8") as file:
        file.write(config(planted, planted.dsn(database=DATABASE), more=thresholds))
    ended = advise(path, "--kind", "unused_index")
    places.remove_folder(folder)
    assert ended.returncode == 0, ended.stderr
    early = ended.stdout.split("Too early to tell:")[1]
    assert "faults.events_note_idx on events in planted" in early and "for 30 days" in early


def test_the_script_mends_what_it_says_and_its_undo_brings_it_back(planted, settings):
    words = [word for kind in ("invalid_index", "duplicate_index", "unindexed_foreign_key") for word in ("--kind", kind)]
    ended = advise(settings, "--format", "sql", *words)
    assert ended.returncode == 1, ended.stderr
    folder = places.new_folder("advice")
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "fix.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\\set ON_ERROR_STOP on\n" + ended.stdout.replace("REINDEX INDEX", "-- REINDEX INDEX"))
    run_file(planted, path)
    after = advise(settings, *words)
    assert "twice_invalid_key" in after.stdout, "its rows are still no key: REINDEX would fail"
    for name in ("twice_a_idx_ccnew", "twice_a_idx2", "children_parent_fkey"):
        assert name not in after.stdout, name
    undo = next(line for line in ended.stdout.splitlines() if "Undo: CREATE INDEX" in line)
    planted.run(undo.removeprefix("-- Undo: "), database=DATABASE)
    assert "faults.twice_a_idx2" in advise(settings, *words).stdout
    places.remove_folder(folder)


def test_wrong_words_are_told_with_the_way_out(settings):
    wrong = advise(settings, "--kind", "unused_indexes")
    assert wrong.returncode == 2 and "Did you mean 'unused_index'?" in wrong.stderr
    wrong = advise(settings, "--format", "yaml")
    assert wrong.returncode == 2 and "text, json or sql" in wrong.stderr


def test_an_advisor_that_cannot_look_says_why(planted):
    """In a database without the extension, and a server that is not there."""
    blind = command(
        "advise", "--kind", "slow_statement", "--format", "json", env={"DATA_SOURCE_NAME": planted.dsn()}
    )
    assert blind.returncode == 0, blind.stderr
    (opinion,) = json.loads(blind.stdout)[0]["opinions"]
    assert "pg_stat_statements" in opinion["blind"]
    absent = command("advise", env={"DATA_SOURCE_NAME": planted.dsn(port=places.free_port())})
    assert absent.returncode == 3 and "unreachable" in absent.stderr


def test_every_watched_database_is_looked_into(planted):
    folder = places.new_folder("advice")
    path = os.path.join(folder, "pgvigil.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config(planted, planted.dsn(), 'databases = ["*"]', THRESHOLDS))
    seen = opinions(path, "--kind", "redundant_index")["redundant_index"]
    places.remove_folder(folder)
    assert [advice["object"]["datname"] for advice in seen["advice"]] == [DATABASE]
