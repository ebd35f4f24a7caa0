"""What is wrong with tables, indexes, keys and sequences shows; their healthy twins stay quiet. On every major."""

import threading

import pytest

from support import exposition
from support.agent import command
from support.cluster import DEBIAN_MAJOR, MAJORS
from support.config import QUICK, every
from support.waiting import until


def measure(server, collector, **choices):
    """What one run of a collector gives."""
    environment = {"DATA_SOURCE_NAME": server.dsn(**choices)}
    done = command("collect", collector, "--format", "metrics", env=environment)
    assert done.returncode == 0, done.stderr
    return exposition.parse(done.stdout)


def wait_measured(server, collector, wanted, **choices):
    """Statistics reach those who read them late: measures until `wanted` is content, and gives what it saw."""
    return until(
        lambda: next(filter(wanted, [measure(server, collector, **choices)]), None),
        f"{collector} shows what was done",
    )


@pytest.fixture(scope="module", params=MAJORS)
def server(shared, request):
    return shared.cluster(request.param)


@pytest.fixture(scope="module")
def debian(shared):
    return shared.cluster(DEBIAN_MAJOR)


# Vacuum


def plant_dead_rows(server, table, parameters):
    server.run(f"create table {table} (id int, note text) {parameters}")
    server.run(f"insert into {table} select i, 'note' from generate_series(1, 1000) i")
    inserted = "select n_tup_ins from pg_stat_user_tables where relname = %s"
    until(lambda: server.value(inserted, (table,)) == 1000, "the statistics know of the rows")
    server.run(f"analyze {table}")
    server.run(f"delete from {table} where id <= 500")


def test_dead_rows_are_told_against_the_threshold_of_their_table(server):
    off = "autovacuum_enabled = off"
    plant_dead_rows(server, "usual", "")  # 50 + 0.2 * 1000
    strict = "autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0.04"
    plant_dead_rows(server, "strict", f"with ({strict})")
    plant_dead_rows(server, "lenient", f"with (autovacuum_vacuum_threshold = 4950, {off})")
    expected = {"usual": 2, "strict": 10, "lenient": 500 / (4950 + 200)}
    name = "pgvigil_table_vacuum_threshold_ratio"
    seen = wait_measured(
        server, "table_vacuum", lambda seen: all(seen.value(name, relname=one) for one in expected)
    )
    for table, ratio in expected.items():
        assert seen.value(name, relname=table) == pytest.approx(ratio), table
        assert seen.value("pgvigil_table_analyze_threshold_ratio", relname=table) == pytest.approx(500 / 150)
    disabled = seen["pgvigil_table_autovacuum_disabled"]
    assert [dict(labels)["relname"] for _, labels in disabled.samples] == ["lenient"]


def test_inserted_rows_are_told_against_their_threshold(server):
    server.run("create table appended (id int) with (autovacuum_vacuum_insert_threshold = 100)")
    server.run("create table never_for_inserts (id int) with (autovacuum_vacuum_insert_threshold = -1)")
    for table in ("appended", "never_for_inserts"):
        server.run(f"insert into {table} select generate_series(1, 300)")
    name = "pgvigil_table_vacuum_insert_threshold_ratio"
    seen = wait_measured(server, "table_vacuum", lambda seen: seen.value(name, relname="appended"))
    assert seen.value(name, relname="appended") == pytest.approx(3)
    assert not seen.has(name, relname="never_for_inserts")
    server.run("vacuum appended")
    wait_measured(server, "table_vacuum", lambda seen: seen.value(name, relname="appended") == 0)


def test_a_limit_of_18_caps_the_threshold(shared):
    server = shared.cluster(18, settings={"autovacuum_vacuum_max_threshold": 100})
    plant_dead_rows(server, "usual", "")
    plant_dead_rows(server, "without", "with (autovacuum_vacuum_max_threshold = -1)")
    name = "pgvigil_table_vacuum_threshold_ratio"
    seen = wait_measured(server, "table_vacuum", lambda seen: seen.value(name, relname="without"))
    assert seen.value(name, relname="usual") == pytest.approx(5)
    assert seen.value(name, relname="without") == pytest.approx(2)


def test_the_oldest_tables_are_named_with_their_ages(server):
    server.run("create table aged (id int) with (autovacuum_freeze_max_age = 100000)")
    server.run("create table frozen (id int)")
    server.run("do $$ begin for i in 1..500 loop perform txid_current(); commit; end loop; end $$")
    server.run("vacuum freeze frozen")
    seen = measure(server, "table_wraparound")
    ages = seen["pgvigil_table_xid_age"]
    assert len(ages.samples) == 50 == len(seen["pgvigil_table_multixact_age"].samples)
    assert seen.has("pgvigil_table_xid_age", schemaname="pg_catalog")
    age = server.value("select age(relfrozenxid) from pg_class where relname = 'pg_proc'")
    assert abs(seen.value("pgvigil_table_xid_age", relname="pg_proc") - age) < 50
    ratio = seen.value("pgvigil_table_freeze_ratio", relname="pg_proc")
    assert ratio == pytest.approx(age / 200e6, rel=0.1)
    server.run("drop table aged, frozen")


def test_the_freeze_age_of_a_table_comes_before_the_servers(server):
    server.run("create table aged (id int) with (autovacuum_freeze_max_age = 100000)")
    server.run("do $$ begin for i in 1..500 loop perform txid_current(); commit; end loop; end $$")
    server.run("vacuum freeze pg_catalog.pg_class")
    tables = "select oid::regclass::text from pg_class where relkind = 'r' and relname <> 'aged'"
    for (name,) in server.rows(tables):
        server.run(f"vacuum freeze {name}")
    seen = measure(server, "table_wraparound")
    age = seen.value("pgvigil_table_xid_age", relname="aged")
    assert 500 <= age < 2000
    assert seen.value("pgvigil_table_freeze_ratio", relname="aged") == pytest.approx(age / 100_000)
    server.run("drop table aged")


# Scans and sizes


def test_what_a_table_and_its_indexes_did_is_counted(server):
    server.run("create table used (id int primary key, note text, other int)")
    server.run("create index unused on used (other)")
    server.run("insert into used select i, repeat('x', 100), i from generate_series(1, 5000) i")
    server.run("set enable_seqscan = off; select note from used where id = 7")
    server.run("select count(*) from used where note like '%y%'")
    server.run("vacuum analyze used")
    scans = "pgvigil_index_scans_total"
    seen = wait_measured(server, "indexes", lambda seen: seen.value(scans, indexrelname="used_pkey"))
    assert seen.value(scans, indexrelname="used_pkey", relname="used", datname="postgres") == 1
    assert seen.value(scans, indexrelname="unused") == 0
    size = server.value("select pg_relation_size('used_pkey')")
    assert seen.value("pgvigil_index_estimated_size_bytes", indexrelname="used_pkey") == size
    name = "pgvigil_index_last_scan_timestamp_seconds"
    assert seen.has(name, indexrelname="used_pkey") == (server.major >= 16)
    assert not seen.has(name, indexrelname="unused")

    size = server.value("select pg_relation_size('used')")
    seen = measure(server, "tables")
    assert seen.value("pgvigil_table_estimated_size_bytes", relname="used") == size
    assert seen.has("pgvigil_table_newpage_updates_total", relname="used") == (server.major >= 16)
    assert seen.has("pgvigil_table_last_seq_scan_timestamp_seconds", relname="used") == (server.major >= 16)

    vacuums = "pg_stat_user_tables_vacuum_count"
    wait_measured(server, "stat_user_tables", lambda seen: seen.value(vacuums, relname="used"))
    seen = measure(server, "table_vacuum")
    assert seen.value("pgvigil_table_inserts_since_vacuum", relname="used") == 0
    assert bool(seen.value("pgvigil_table_vacuum_seconds_total", relname="used")) == (server.major >= 18)

    blocks = measure(server, "index_blocks")
    theirs = measure(server, "statio_user_indexes")
    hit = blocks.value("pgvigil_index_blocks_hit_total", indexrelname="used_pkey")
    assert hit > 0
    assert hit == theirs.value("pg_statio_user_indexes_idx_blks_hit_total", indexrelname="used_pkey")


def test_a_partitioned_table_is_not_counted_beside_its_partitions(server):
    server.run("create table parts (id int, note text) partition by range (id)")
    server.run("create table part_1 partition of parts for values from (0) to (10)")
    server.run("create index on parts (id)")
    server.run("insert into parts select 1, 'a' from generate_series(1, 100)")
    server.run("vacuum part_1")
    inserted = "pg_stat_user_tables_n_tup_ins"
    seen = wait_measured(server, "stat_user_tables", lambda seen: seen.value(inserted, relname="part_1"))
    assert not seen.value(inserted, relname="parts")
    for collector in ("tables", "table_vacuum", "table_size", "indexes", "statio_user_tables"):
        seen = measure(server, collector)
        assert not any(dict(labels).get("relname") == "parts" for _, labels in seen.samples()), collector
        assert any(dict(labels).get("relname") == "part_1" for _, labels in seen.samples()), collector


def test_the_kind_of_an_index_is_told(server):
    server.run("create table kinds (id int primary key, code int unique, a int, b int)")
    server.run("create unique index kinds_ab on kinds (a) include (b) where a > 0")
    server.run("create index kinds_b on kinds using hash (b)")
    seen = measure(server, "index_info")
    for index, method, key in (
        ("kinds_pkey", "btree", "primary"),
        ("kinds_code_key", "btree", "unique constraint"),
        ("kinds_ab", "btree", "unique"),
        ("kinds_b", "hash", "plain"),
    ):
        assert seen.has("pgvigil_index_info", indexrelname=index, method=method, key=key), index
    assert seen.value("pgvigil_index_partial", indexrelname="kinds_ab") == 1
    assert seen.value("pgvigil_index_partial", indexrelname="kinds_b") == 0
    assert seen.value("pgvigil_index_columns", indexrelname="kinds_ab") == 2


def test_what_an_index_is_made_of_is_told(server):
    server.run("create table made (id int primary key, a int, b int, t text)")
    server.run("create index made_a on made (a, b) include (t)")
    server.run("create unique index made_lower on made (lower(t) text_pattern_ops desc) where b > 0")
    server.run("create table makers (id int primary key)")
    server.run("alter table made add constraint made_by foreign key (a) references makers")
    server.run("alter table made replica identity using index made_pkey")
    (plain,) = [one for one in measure(server, "index_definitions")["pgvigil_index_definition"].label_sets()
                if one["indexrelname"] == "made_a"]
    opclass = server.value("select oid from pg_opclass where opcname = 'int4_ops' and opcmethod = 403")
    assert (plain["method"], plain["key"], plain["predicate"]) == ("btree", "plain", "")
    assert (plain["keys"], plain["included"]) == (f"2:{opclass}:0:0 3:{opclass}:0:0", "4")
    assert plain["traits"] == "foreign key"
    assert plain["definition"] == server.value("select pg_get_indexdef('made_a'::regclass)")
    seen = measure(server, "index_definitions")
    name = "pgvigil_index_definition"
    assert seen.has(name, indexrelname="made_lower", key="unique", predicate="(b > 0)", traits="expression")
    assert seen.has(name, indexrelname="made_pkey", key="primary", traits="replica identity")
    assert seen.has(name, indexrelname="makers_pkey", key="primary", traits="referenced")
    with server.session(autocommit=False) as session, session.cursor() as cursor:
        cursor.execute("lock table made")
        locked = measure(server, "index_definitions")
        assert not locked.has(name, relname="made") and locked.has(name, relname="makers")
    server.run("drop table made, makers")


def test_beyond_the_largest_tables_sizes_are_those_of_the_last_vacuum(debian):
    debian.run("create database many")
    debian.run(
        """do $$ begin
             for i in 1..1001 loop
               execute format('create table t%s (id int primary key)', i);
               if i % 200 = 0 then commit; end if;
             end loop;
           end $$""",
        database="many",
    )
    debian.run("create table large (id int primary key, note text)", database="many")
    debian.run("insert into large select i, repeat('x', 900) from generate_series(1, 5000) i", database="many")
    name = "pg_stat_user_tables_table_size_bytes"
    exact = debian.value("select pg_table_size('large')", database="many")
    seen = wait_measured(
        debian, "table_size", lambda seen: seen.value(name, relname="large") == exact, database="many"
    )
    assert len(seen[name].samples) == 1002
    assert seen.value("pg_stat_user_tables_index_size_bytes", relname="t1001") == 8192


# What is broken


def test_an_invalid_index_is_named_until_it_is_made_good(server):
    server.run("create table doubled (id int)")
    server.run("insert into doubled values (1), (1)")
    server.run("create index good on doubled (id)")
    assert measure(server, "invalid_indexes").value("pgvigil_invalid_indexes", datname="postgres") == 0
    with pytest.raises(Exception, match="duplicated"):
        server.run("create unique index concurrently broken on doubled (id)")
    seen = measure(server, "invalid_indexes")
    assert seen.value("pgvigil_invalid_indexes") == 1
    assert seen.value("pgvigil_index_invalid", relname="doubled", indexrelname="broken") == 1
    server.run("delete from doubled")
    server.run("reindex index concurrently broken")
    seen = measure(server, "invalid_indexes")
    assert seen.value("pgvigil_invalid_indexes") == 0 and not seen.has("pgvigil_index_invalid")


def test_an_index_that_is_being_built_is_not_called_invalid(server):
    server.run("create table built (id int)")
    with server.session(autocommit=False) as writer:
        writer.cursor().execute("insert into built values (1)")
        builder = threading.Thread(
            target=lambda: server.run("create index concurrently being_built on built (id)"), daemon=True
        )
        builder.start()
        until(
            lambda: server.value(
                "select not indisvalid from pg_index where indexrelid = to_regclass('being_built')"
            ),
            "the index is there, not valid yet",
        )
        assert measure(server, "invalid_indexes").value("pgvigil_invalid_indexes") == 0
        writer.rollback()
        builder.join(30)
        assert not builder.is_alive()


def test_a_constraint_is_named_until_it_is_validated(server):
    server.run("create table parent (id int primary key)")
    server.run("create table child (id int, parent_id int, constraint good check (id > 0))")
    server.run("alter table child add constraint unproven check (id < 9) not valid")
    server.run("alter table child add constraint to_parent foreign key (parent_id) references parent not valid")
    kinds = {"unproven": "check", "to_parent": "foreign key"}
    if server.major >= 18:
        server.run("alter table child add constraint meant_so check (id < 100) not enforced")
        server.run("alter table child add constraint there not null id not valid")
        kinds["there"] = "not null"
    seen = measure(server, "invalid_constraints")
    family = seen["pgvigil_constraint_not_validated"]
    assert {dict(labels)["conname"]: dict(labels)["kind"] for _, labels in family.samples} == kinds
    assert seen.value("pgvigil_constraints_not_validated") == len(kinds)
    for name in kinds:
        server.run(f"alter table child validate constraint {name}")
    seen = measure(server, "invalid_constraints")
    assert seen.value("pgvigil_constraints_not_validated") == 0
    assert not seen.has("pgvigil_constraint_not_validated")


# Foreign keys

INDEXES_FOR = {  # referring table -> (index definitions, whether they serve the key (a, b) or (a))
    "bare": ([], False),
    "begins_it": (["create index on begins_it (a, note)"], True),
    "second": (["create index on second (note, a)"], False),
    "by_hash": (["create index on by_hash using hash (a)"], True),
    "by_brin": (["create index on by_brin using brin (a)"], False),
    "not_null": (["create index on not_null (a) where a is not null"], True),
    "elsewhere": (["create index on elsewhere (a) where note is not null"], False),
    "included": (["create index on included (note) include (a)"], False),
    "two": ([], False),
    "two_reordered": (["create index on two_reordered (b, a)"], True),
    "two_first": (["create index on two_first (a)"], False),
}


def test_foreign_keys_without_an_index_are_named(server):
    server.run("create schema keys")
    choice = "set search_path = keys; "
    server.run(choice + "create table one (a int primary key)")
    server.run(choice + "create table pair (a int, b int, primary key (a, b))")
    for table, (indexes, _) in INDEXES_FOR.items():
        key = "(a, b) references pair" if table.startswith("two") else "(a) references one"
        columns = f"a int, b int, note text, constraint {table}_fk foreign key {key}"
        server.run(choice + f"create table {table} ({columns})")
        for index in indexes:
            server.run(choice + index)
    parted = "create table parted (a int constraint parted_fk references one) partition by range (a)"
    server.run(choice + parted)
    server.run(choice + "create table parted_1 partition of parted for values from (0) to (9)")
    seen = measure(server, "foreign_keys")
    family = seen["pgvigil_foreign_key_unindexed"]
    told = {labels["conname"] for labels in family.label_sets() if labels["schemaname"] == "keys"}
    assert told == {f"{table}_fk" for table, (_, served) in INDEXES_FOR.items() if not served} | {"parted_fk"}
    server.run(choice + "create index on parted (a)")
    seen = measure(server, "foreign_keys")
    assert not seen.has("pgvigil_foreign_key_unindexed", conname="parted_fk")
    assert seen.has(
        "pgvigil_foreign_key_unindexed_columns", conname="bare_fk", columns="a", refschemaname="keys", refrelname="one", kind="plain"
    )
    assert seen.has("pgvigil_foreign_key_unindexed_table_size_bytes", conname="bare_fk")
    count = len(seen["pgvigil_foreign_key_unindexed"].samples)
    assert seen.value("pgvigil_foreign_keys_unindexed", datname="postgres") == count


# Sequences

SEQUENCES = {  # name -> (how it is made, its last number, the part of its numbers that is used or None: not told)
    "serial_column": ("create table s1 (id int default nextval('serial_column')); ", 2_000_000_000, 0.9313),
    "of_a_small_column": ("create table s2 (id smallint default nextval('of_a_small_column')); ", 32_000, 0.9766),
    "young": ("create table s3 (id int default nextval('young')); ", 1_000, 0),
    "wide": ("create table s4 (id bigint default nextval('wide')); ", 2_000_000_000, None),
    "limited": ("alter sequence limited maxvalue 1000; ", 900, 0.899),
    "cycling": ("alter sequence cycling maxvalue 1000 cycle; ", 999, None),
    "small": ("alter sequence small as smallint; ", 30_000, 0.9155),
    "stepping": ("alter sequence stepping increment 10 maxvalue 1000; ", 901, 0.9009),
    "descending": (
        "alter sequence descending increment -1 minvalue -1000 maxvalue -1 start -1 restart; ",
        -900,
        0.8999,
    ),
    "from_the_bottom": (
        "alter sequence from_the_bottom as int minvalue -2147483648 start -2147483648 restart; ",
        -2_147_000_000,
        0.0001,
    ),
}


def test_sequences_near_their_end_are_told_with_what_is_left(server):
    for name, (made, last, _) in SEQUENCES.items():
        server.run(f"create sequence {name}; {made} select setval('{name}', {last})")
    server.run("create table identities (id int generated always as identity)")
    server.run("select setval('identities_id_seq', 1073741824)")
    server.run("create domain number as int; create table domains (id number default nextval('young'))")
    unreadable = measure(server, "sequences")
    assert [labels for name, labels in unreadable.samples() if name.endswith("_ratio")] == []
    assert unreadable.value("pgvigil_sequences_unreadable") == 1 + sum(
        used is not None for _, _, used in SEQUENCES.values()
    )
    server.run("grant select on all sequences in schema public to pgvigil")
    seen = measure(server, "sequences")
    assert seen.value("pgvigil_sequences_unreadable") == 0
    name = "pgvigil_sequence_used_ratio"
    for sequence, (_, _, used) in SEQUENCES.items():
        found = seen.value(name, sequencename=sequence, schemaname="public", datname="postgres")
        assert found == (None if used is None else pytest.approx(used, abs=0.001)), sequence
    assert seen.value(name, sequencename="identities_id_seq") == pytest.approx(0.5, abs=0.001)
    column = "pgvigil_sequence_column"
    assert seen.has(column, sequencename="serial_column", relname="s1", attname="id", ends="column")
    assert seen.has(column, sequencename="limited", ends="sequence") and not seen.has(column, sequencename="young")
    left = "pgvigil_sequence_numbers_left"
    assert seen.value(left, sequencename="stepping") == 9
    assert seen.value(left, sequencename="descending") == 100
    assert seen.value(left, sequencename="serial_column") == 147_483_647


def test_the_time_that_a_sequence_has_left_is_told(debian, making):
    debian.run("create sequence taken_from maxvalue 1000000; create sequence left_alone maxvalue 1000000")
    debian.run("grant select on sequence taken_from, left_alone to pgvigil")
    agent = making.agent_of(debian, more=every(QUICK, "sequences"))

    def seconds_left():
        debian.run("select count(nextval('taken_from')) from generate_series(1, 1000)")
        return agent.value("pgvigil_sequence_seconds_left", sequencename="taken_from")

    assert 1 < until(seconds_left, "the rate is known", pause=0.5) < 1_000_000
    assert agent.value("pgvigil_sequence_numbers_left", sequencename="left_alone") > 0
    assert agent.value("pgvigil_sequence_seconds_left", sequencename="left_alone") is None


# Counts, extensions, collations, databases


def test_relations_are_counted_by_kind(server):
    server.run("create database counted")
    server.run("create table a (id int primary key); create unlogged table b (id int)", database="counted")
    server.run("create view v as select 1", database="counted")
    server.run("select lo_create(0) from generate_series(1, 30)", database="counted")
    seen = measure(server, "relations", database="counted")
    assert seen.value("pgvigil_relations", kind="table", persistence="permanent") == 1
    assert seen.value("pgvigil_relations", kind="table", persistence="unlogged") == 1
    assert seen.value("pgvigil_relations", kind="view", persistence="permanent", datname="counted") == 1
    assert seen.value("pgvigil_tables_without_primary_key") == 1
    name = "pgvigil_large_objects"
    wait_measured(server, "relations", lambda seen: seen.value(name) == 30, database="counted")


def test_an_extension_that_has_an_update_is_told(server):
    server.run("create database extended")
    server.run("create extension pg_stat_statements version '1.4'", database="extended")
    server.run("create extension pgstattuple", database="extended")
    seen = measure(server, "extensions", database="extended")
    update = "pgvigil_extension_update_available"
    newest = server.value(
        "select default_version from pg_available_extensions where name = 'pg_stat_statements'"
    )
    assert seen.value(update, extname="pg_stat_statements", version="1.4", available=newest) == 1
    assert seen.value(update, extname="pgstattuple") == 0
    assert seen.has("pgvigil_extension_info", extname="pg_stat_statements", version="1.4", datname="extended")


def test_a_database_whose_collation_has_changed_is_told(debian):
    create = "create database {} template template0 locale_provider icu icu_locale 'en' encoding 'UTF8'"
    for database in ("sorted", "resorted"):
        debian.run(create.format(database))
        debian.run("create table names (name text collate \"de-x-icu\")", database=database)
    debian.run("update pg_database set datcollversion = '1.2.3' where datname = 'resorted'")
    debian.run(
        "update pg_collation set collversion = '1.2.3' where collname in ('de-x-icu', 'sv-x-icu')",
        database="resorted",
    )
    for database, wrong in (("sorted", 0), ("resorted", 1)):
        seen = measure(debian, "collations", database=database)
        assert seen.value("pgvigil_database_collation_mismatch", datname=database) == wrong
        assert seen.value("pgvigil_collations_mismatch", datname=database) == wrong, "only those in use count"


def test_connections_are_told_against_the_limit_of_their_database(server):
    server.run("create database narrow connection limit 4")
    server.run("create database closed allow_connections false is_template true")
    name = "pgvigil_database_connections_used_ratio"
    with server.session(database="narrow"), server.session(database="narrow"):
        seen = measure(server, "database")
        assert seen.value(name, datname="narrow") == 0.5
    assert not seen.has(name, datname="postgres")
    for database, allows, template in (("narrow", 1, 0), ("closed", 0, 1)):
        assert seen.value("pgvigil_database_allows_connections", datname=database) == allows
        assert seen.value("pgvigil_database_template", datname=database) == template


def test_the_shared_buffers_are_summed_up_wherever_the_extension_is(server):
    if server.major < 16:
        done = command("collect", "buffercache_summary", env={"DATA_SOURCE_NAME": server.dsn()})
        assert done.returncode == 1 and "unsupported" in done.stderr
        return
    server.run('create schema "its Own"; create extension pg_buffercache schema "its Own"')
    server.run('grant usage on schema "its Own" to pgvigil')
    seen = measure(server, "buffercache_summary")
    buffers = [seen.value(f"pg_buffercache_summary_buffers_{kind}") for kind in ("used", "unused")]
    assert sum(buffers) == server.value("select setting::int from pg_settings where name = 'shared_buffers'")


# Bloat

BLOATED = {  # table -> what fills it, what becomes of it
    "churned": ("select i as id, md5(i::text) as hash, i % 1000 as few", "delete from churned where id % 3 <> 0"),
    "fresh": ("select i as id, md5(i::text) as hash, i % 1000 as few", ""),
    "with_nulls": (
        "select i as id, case when i % 2 = 0 then md5(i::text) end as hash, case when i % 3 > 0 then i end as few",
        "",
    ),
}
INDEXED = ("id", "hash", "few")
CLOSE = 0.1  # of the size after it was written anew: how far the estimates may be off


@pytest.fixture(scope="module", params=(13, DEBIAN_MAJOR, 18))
def bloated(shared, request):
    server = shared.cluster(request.param)
    server.run("create extension pgstattuple")
    for table, (rows, change) in BLOATED.items():
        server.run(f"create table {table} as {rows} from generate_series(1, 60000) i")
        for column in INDEXED:
            server.run(f"create index {table}_{column} on {table} ({column})")
        if change:
            server.run(change)
        server.run(f"vacuum analyze {table}")
    server.run("create table grown (id uuid primary key)")
    server.run("insert into grown select md5(i::text)::uuid from generate_series(1, 60000) i")
    server.run("vacuum analyze grown")
    server.run("create table unseen (note text)")
    server.run("insert into unseen select repeat('x', 100) from generate_series(1, 20000)")
    server.run("vacuum unseen")
    return server


def test_bloat_is_not_told_without_the_right_to_see_statistics(bloated):
    assert not measure(bloated, "table_bloat").has("pgvigil_table_bloat_ratio", relname="churned")
    assert not measure(bloated, "index_bloat").samples()


def test_bloat_is_what_writing_anew_gives_back(bloated):
    bloated.run("grant select on all tables in schema public to pgvigil")
    if bloated.major >= 14:
        bloated.run("grant pg_read_all_data to pgvigil")
    tables, indexes = measure(bloated, "table_bloat"), measure(bloated, "index_bloat")
    assert not tables.has("pgvigil_table_bloat_ratio", relname="unseen"), "there are no statistics"

    free = bloated.value(
        "select approx_free_percent + dead_tuple_percent from pgstattuple_approx('churned')"
    )
    assert tables.value("pgvigil_table_bloat_ratio", relname="churned") == pytest.approx(free / 100, abs=0.08)
    assert tables.value("pgvigil_table_bloat_ratio", relname="fresh") < CLOSE
    for index in ("churned_id", "churned_hash", "fresh_id", "fresh_hash", "grown_pkey"):
        density = bloated.value("select avg_leaf_density from pgstatindex(%s)", (index,))
        found = indexes.value("pgvigil_index_bloat_ratio", indexrelname=index)
        assert found == pytest.approx(max(0, 1 - density / 90), abs=0.05), index

    sizes = "select relname, pg_relation_size(oid) from pg_class where relkind in ('r', 'i') and oid >= 16384"
    before = dict(bloated.rows(sizes))
    for table in (*BLOATED, "grown"):
        bloated.run(f"vacuum full {table}")
    checked = 0
    for name, size in bloated.rows(sizes):
        found = tables.value("pgvigil_table_bloat_bytes", relname=name)
        if found is None:
            found = indexes.value("pgvigil_index_bloat_bytes", indexrelname=name)
        if found is not None:
            assert before[name] - found == pytest.approx(size, rel=CLOSE), name
            checked += 1
    assert checked >= 10
