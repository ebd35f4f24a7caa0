# shellcheck shell=bash disable=SC2154  # variables that the parts share
# A session that holds a snapshot which pg_dump shares, and counts the rows of some tables in it: counts that a restore
# must match exactly.

snapshot=()   # pg_dump's argument
session_pid=  # psql's
session_in=   # its standard input

# Ordinary tables that this role may read whole, small enough to be counted. Tables of extensions are left out: their
# rows are dumped in part. Random, so that in time every table has its turn.
readonly SAMPLE_SQL="
select format('select json_build_object(''table'', %L::text, ''rows'', count(*)) from only %s',
              format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, c.relname))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
  and has_table_privilege(c.oid, 'select') and pg_relation_size(c.oid) <= :bytes
order by random() limit :tables"

# open_snapshot <database>. Without a snapshot (a pooler in the way, an old standby) there is no dump either, so this
# fails like one.
open_snapshot() {
  local identifier
  rm -f -- "$work/session" "$work/sample" "$work/session.out"
  mkfifo "$work/session"
  PGAPPNAME=$program PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10} psql --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 --set=bytes="$PGVIGIL_BACKUP_SAMPLE_BYTES" --set=tables="$PGVIGIL_BACKUP_SAMPLE_TABLES" \
    --dbname="$(conninfo "$1")" <"$work/session" >"$work/session.out" 2>"$work/session.log" &
  session_pid=$!
  exec {session_in}>"$work/session"
  say_to_session <<'SQL'
begin isolation level repeatable read, read only;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '2s';
set local row_security = off;
set local search_path = pg_catalog;
select pg_export_snapshot();
SQL
  while [[ ! -s $work/session.out ]]; do
    kill -0 "$session_pid" 2>/dev/null ||
      fail "$EXIT_FAILED" "database $1: no snapshot to dump from: $(head -n 1 "$work/session.log")"
    sleep 0.02
  done
  identifier=$(head -n 1 "$work/session.out")
  # shellcheck disable=SC2034  # pg_dump's, in dump.sh
  snapshot=(--snapshot="$identifier")
  # From here on a failed count costs itself only, not the transaction and its snapshot.
  printf '%s\n' '\set ON_ERROR_STOP off' '\set ON_ERROR_ROLLBACK on' "$SAMPLE_SQL \\gexec" | say_to_session
}

# A session that has ended meanwhile is found where its answer is missing.
say_to_session() { { cat >&"$session_in"; } 2>/dev/null || true; }

# After the dump: waits for the last count, and lays the counts, a JSON object a line, in $work/sample. A count that
# failed makes the sample smaller, and the backup no worse.
close_snapshot() {
  say_to_session <<<'\q'
  exec {session_in}>&-
  wait "$session_pid" || true
  session_pid=
  if [[ -s $work/session.log ]]; then warn "not all of the sample was counted: $(head -n 1 "$work/session.log")"; fi
  grep '^{' "$work/session.out" >"$work/sample" || true
}

end_snapshot() {
  if [[ -n $session_pid ]]; then kill "$session_pid" 2>/dev/null || true; fi
}
