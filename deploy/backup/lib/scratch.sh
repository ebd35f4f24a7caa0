# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# The throw-away cluster of a drill: a folder, a server on a Unix socket in it and nowhere else, and its end.

scratch=    # the folder
server_pid= # the job of the server
source_password=

# new_scratch <parent>: makes it, and removes those whose drill was killed outright (nobody holds their lock).
new_scratch() {
  local old
  [[ -d $1 && -w $1 ]] || fail "$EXIT_SPACE" "no folder to restore into: $1" 'Name one by --dir or PGVIGIL_DRILL_SCRATCH.'
  for old in "$1"/pgvigil-drill.??????; do
    [[ -O $old/lock ]] || continue
    flock -n "$old/lock" true || continue
    say "removing what a killed drill has left: $old"
    rm -rf -- "$old"
  done
  scratch=$(mktemp -d "$1/pgvigil-drill.XXXXXX")
  exec {scratch_lock}>"$scratch/lock"
  flock -n "$scratch_lock"
  socket=$work # short enough for a socket's path, whatever the parent is
}

require_scratch_space() { # <bytes of the databases>
  local need=$(($1 * 12 / 10)) have
  have=$(free_bytes "$scratch")
  say "space: some $(human_bytes "$need") needed, $(human_bytes "$have") free in $PGVIGIL_DRILL_SCRATCH"
  ((need <= have)) || fail "$EXIT_SPACE" "not enough space in $PGVIGIL_DRILL_SCRATCH: some $(human_bytes "$need") needed, $(human_bytes "$have") free"
}

# The programs of this major, else of the next later one where that can read what is restored (a dump can be).
use_server_programs() { # <major>
  use_programs "$1" initdb
  local program
  for program in postgres initdb pg_restore psql; do
    need "$program" "Install the server's programs of Postgres $1, or name their folder in PGVIGIL_PG_BIN."
  done
}

new_cluster() { # <bootstrap role>
  initdb --pgdata="$scratch/data" --username="$1" --auth=trust --encoding=UTF8 --locale=C --data-checksums --no-sync \
    >"$work/initdb.log" 2>&1 || fail "$EXIT_FAILED" "initdb failed: $(tail -n 1 "$work/initdb.log")"
}

# start_scratch_server <superuser>: and waits until it has recovered and writes. On the command line a setting beats what the
# restored cluster has in any file: nothing of it may reach the source or the network: no archiving, no standby, no
# subscription, no background worker of an extension.
start_scratch_server() {
  local options=() option
  printf 'local all all trust\n' >"$scratch/pg_hba.conf"
  : >"$scratch/pg_ident.conf"
  : >"$scratch/postgresql.conf"
  rm -f -- "$scratch/data/standby.signal"
  for option in "config_file=$scratch/postgresql.conf" "hba_file=$scratch/pg_hba.conf" "ident_file=$scratch/pg_ident.conf" \
    listen_addresses= port=5432 "unix_socket_directories=$socket" unix_socket_permissions=0700 external_pid_file= \
    cluster_name=pgvigil-restore-drill archive_mode=off archive_command= primary_conninfo= primary_slot_name= \
    archive_cleanup_command= recovery_end_command= recovery_target_action=promote hot_standby=off \
    max_logical_replication_workers=0 max_wal_senders=0 shared_preload_libraries= session_preload_libraries= \
    max_connections=20 shared_buffers=128MB huge_pages=off autovacuum=off ssl=off logging_collector=off \
    log_destination=stderr restart_after_crash=off $PGVIGIL_DRILL_OPTIONS; do
    options+=(-c "$option")
  done
  set -m
  follow_script serve "${options[@]}" </dev/null >"$scratch/server.log" 2>&1 &
  server_pid=$!
  set +m
  leave_source "$1"
  run_job wait_recovered || fail "$EXIT_FAILED" "the restored server does not run: $(server_complaint)"
}

serve() {
  drop_locks
  postgres -D "$scratch/data" "$@"
}

# Points libpq at the scratch server for the rest of the script. A path of the environment to the source would be one
# too many; the password stays for the counting session alone, that names its host itself, and so does the password file.
leave_source() { # <superuser>
  local name
  source_password=${PGPASSWORD-}
  for name in "${!PG@}"; do
    if [[ $name =~ ^PG[A-Z]+$ && $name != PGPASSFILE ]]; then unset "$name"; fi
  done
  export PGHOST=$socket PGPORT=5432 PGUSER=$1 PGCLIENTENCODING=UTF8
}

# Until it takes connections: with hot_standby off, a recovering server takes none.
wait_recovered() {
  until sql template1 'select 1' >/dev/null 2>&1; do
    kill -0 "$server_pid" 2>/dev/null || return 1
    sleep 0.1
  done
}

server_complaint() {
  grep -E 'FATAL|PANIC|ERROR' "$scratch/server.log" | tail -n 1 | sed 's/^.*\(FATAL\|PANIC\|ERROR\): *//' || true
}

# stop_scratch_server: orderly, so that its files can be read afterwards.
stop_scratch_server() {
  local postmaster status=0
  [[ -n $server_pid ]] || return 0
  if read -r postmaster 2>/dev/null <"$scratch/data/postmaster.pid"; then kill -INT "$postmaster" 2>/dev/null || true; fi
  wait "$server_pid" || status=$?
  server_pid=
  return "$status"
}

# At the end of the script: whatever state it is in.
drop_scratch() {
  if [[ -n $server_pid ]]; then
    kill -QUIT -- "-$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
  fi
  if [[ -n $scratch ]]; then rm -rf -- "$scratch"; fi
}
