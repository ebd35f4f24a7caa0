# shellcheck shell=bash disable=SC2154  # variables that the parts share
# What a restored cluster must stand: every page is read, and the rows are there.

# record_check <name> <passed|failed|skipped> <detail>
record_check() {
  jq -nc --arg name "$1" --arg outcome "$2" --arg detail "$3" \
    '{name: $name, outcome: $outcome, detail: $detail}' >>"$work/checks"
  say "check $1: $2: $3"
}

# A restore that succeeds and a server that starts prove little: a damaged page is found by who reads it.
check_pages() {
  if command -v pg_amcheck >/dev/null && amcheck_available; then
    if run_job amcheck >"$work/amcheck.log" 2>&1; then
      record_check amcheck passed 'every heap and B-tree page of all databases'
    else
      record_check amcheck failed "$(head -n 1 "$work/amcheck.log")"
    fi
  elif run_job dump_everything 2>"$work/dump.log"; then
    record_check read_all passed 'pg_dump has read every table; there is no pg_amcheck for this version here'
  else
    record_check read_all failed "$(first_error "$work/dump.log" 1)"
  fi
}

amcheck_available() {
  [[ $(sql template1 "select count(*) from pg_available_extensions where name = 'amcheck'") == 1 ]]
}
amcheck() { pg_amcheck --all --install-missing --jobs="$PGVIGIL_DRILL_JOBS"; }

dump_everything() {
  local database
  while IFS= read -r database; do
    pg_dump --format=custom --compress=0 --file=/dev/null --dbname="$(conninfo "$database")" || return 1
  done < <(sql template1 'select datname from pg_database where datallowconn and not datistemplate')
}

# After the server's end: pg_checksums reads the files of a cluster that was shut down.
check_checksums() {
  local version
  version=$(pg_controldata "$scratch/data" | sed -n 's/^Data page checksum version: *//p')
  if [[ $version == 0 ]]; then
    record_check checksums skipped 'the cluster has no page checksums'
  elif ! command -v pg_checksums >/dev/null; then
    record_check checksums skipped 'there is no pg_checksums here'
  elif run_job pg_checksums --check --pgdata="$scratch/data" >"$work/checksums.log" 2>&1; then
    record_check checksums passed "$(sed -n 's/^Blocks scanned: */blocks read: /p' "$work/checksums.log")"
  else
    record_check checksums failed "$(grep -m 1 -iE 'failed|error' "$work/checksums.log")"
  fi
}

# A dump set has counts from the dump's own snapshot: they must be met exactly.
check_counts_of_set() {
  local database table rows tables=0
  : >"$work/differences"
  # A name may hold anything but a NUL.
  while IFS= read -r -d '' database && IFS= read -r -d '' rows && IFS= read -r -d '' table; do
    tables=$((tables + 1))
    compare_count "$database" "$table" "$rows" "$rows"
  done < <(jq -j '.files[] | select(.kind == "database") | .database as $database | .sample // [] | .[] |
    $database, "\u0000", .rows, "\u0000", .table, "\u0000"' "$folder/manifest.json")
  report_counts "$tables" 'exactly the rows of the dump'
}

# A base backup has none: it is compared with the source of now, where that may be asked, on tables that are hardly
# deleted from, with some tolerance.
check_counts_of_source() {
  local database table rows tables=0 percent=$PGVIGIL_DRILL_TOLERANCE
  if [[ -z $PGVIGIL_DRILL_SOURCE ]]; then
    record_check row_counts skipped 'PGVIGIL_DRILL_SOURCE names no server to compare with'
    return
  fi
  : >"$work/differences"
  while IFS= read -r database; do
    while IFS='|' read -r -d '' rows table; do
      is_number "$rows" || continue
      tables=$((tables + 1))
      compare_count "$database" "$table" "$((rows - rows * percent / 100))" "$((rows + rows * percent / 100 + 100))"
    done < <(source_counts "$database")
  done < <(sql template1 'select datname from pg_database where datallowconn and not datistemplate')
  report_counts "$tables" "within $percent % of the source's rows"
}

source_counts() { # <database>
  PGPASSWORD=$source_password PGAPPNAME=$program PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=60s -c lock_timeout=2s' \
    psql --no-psqlrc --quiet --tuples-only --no-align --record-separator-zero --dbname="$PGVIGIL_DRILL_SOURCE $(conninfo "$1")" \
    --set=bytes="$PGVIGIL_BACKUP_SAMPLE_BYTES" --set=tables="$PGVIGIL_BACKUP_SAMPLE_TABLES" 2>"$work/source.log" <<'SQL'
select format('select count(*), %L::text from only %s', format('%I.%I', schemaname, relname), format('%I.%I', schemaname, relname))
from pg_stat_user_tables
where n_live_tup > 0 and n_tup_del <= n_live_tup / 10 and has_table_privilege(relid, 'select')
  and pg_relation_size(relid) <= :bytes
order by random() limit :tables
\gexec
SQL
}

compare_count() { # <database> <table> <least> <most>
  local rows
  rows=$(sql "$1" "select count(*) from only $2" 2>/dev/null) || rows=
  if ! is_number "$3" || ! is_number "$4"; then
    echo "$1: $2: its rows were not counted, '$3' is no number" >>"$work/differences"
  elif ! is_number "$rows"; then
    echo "$1: $2 cannot be read" >>"$work/differences"
  elif ((rows < $3 || rows > $4)); then
    echo "$1: $2 has $rows rows, expected $3$( (($3 == $4)) || echo " to $4")" >>"$work/differences"
  fi
}

report_counts() { # <tables> <what was met>
  if [[ -s $work/differences ]]; then
    record_check row_counts failed "$(head -n 1 "$work/differences")"
  elif (($1 == 0)); then
    record_check row_counts skipped "no table could be compared$(sed -n '1s/^/: /p' "$work/source.log" 2>/dev/null || true)"
  else
    record_check row_counts passed "$1 tables have $2"
  fi
}
