# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# Talking to the server, by libpq's own environment (PGHOST, PGPORT, PGUSER, PGPASSFILE, PGSERVICE ...): no password
# ever stands on a command line.

# conninfo <database>: a connection string that survives any name.
conninfo() {
  local name=${1//\\/\\\\}
  printf "dbname='%s'" "${name//\'/\\\'}"
}

# sql <database> <statement> [psql argument...]: rows with `|` between the columns. Values go in by --set and :'name'.
sql() {
  PGAPPNAME=$program PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10} psql --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 --dbname="$(conninfo "$1")" "${@:3}" <<<"$2"
}

# Fills `server_*`: who is there, or the end of the script.
read_server() {
  local facts
  need psql 'Install the Postgres client programs.'
  facts=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select (pg_control_system()).system_identifier,
    current_setting('server_version_num'), pg_is_in_recovery(),
    (select rolname from pg_roles where oid = 10)" 2>"$work/psql") ||
    fail "$EXIT_UNAVAILABLE" "cannot ask the server: $(tail -n 1 "$work/psql")" \
      'PGHOST, PGPORT, PGUSER and PGPASSFILE say where it is and who asks.'
  IFS='|' read -r server_identifier server_version server_in_recovery server_bootstrap_role <<<"$facts"
  is_number "$server_version" || fail "$EXIT_UNAVAILABLE" "the server says that its version is '$server_version'"
  server_major=$((server_version / 10000))
}

# use_programs <major>: puts the client programs of that major, or the newest later ones, first in PATH. pg_dump
# refuses a server that is newer than itself.
use_programs() {
  local folder major best=
  if [[ -n $PGVIGIL_PG_BIN ]]; then
    [[ -d $PGVIGIL_PG_BIN ]] || fail "$EXIT_CONFIG" "PGVIGIL_PG_BIN: there is no folder $PGVIGIL_PG_BIN"
    PATH=$PGVIGIL_PG_BIN:$PATH
    return
  fi
  for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    [[ -x $folder/${2:-pg_dump} ]] || continue
    major=${folder//[!0-9]/}
    if ((major >= $1)) && [[ -z $best || $major -lt ${best//[!0-9]/} ]]; then best=$folder; fi
  done
  if [[ -n $best ]]; then PATH=$best:$PATH; fi
}

# Fills `databases` and their sizes `bytes_of`: those of the setting, or all that can be connected to; without the
# excluded ones. A name with a line break is none that pg_dumpall takes either, and whoever may create databases may have
# made it: it is told.
read_databases() {
  local bytes odd name listing wanted
  databases=()
  declare -gA bytes_of=()
  listing=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "
    select case when has_database_privilege(oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
                then pg_database_size(oid) else 0 end, datname ~ '[\n\r]', translate(datname, E'\n\r', '??')
    from pg_database where datallowconn and not datistemplate and datconnlimit <> -2 order by datname" 2>"$work/psql") ||
    fail "$EXIT_UNAVAILABLE" "cannot list the databases: $(tail -n 1 "$work/psql")"
  while IFS='|' read -r bytes odd name; do
    ! is_listed "$name" "$PGVIGIL_BACKUP_EXCLUDE" || continue
    [[ -z $PGVIGIL_BACKUP_DATABASES ]] || is_listed "$name" "$PGVIGIL_BACKUP_DATABASES" || continue
    [[ $odd == f ]] || fail "$EXIT_CONFIG" "the name of database '$name' has a line break in it (here: ?)" \
      'No dump can be made of it: rename it (alter database ... rename to ...), or name those that matter in PGVIGIL_BACKUP_DATABASES.'
    is_number "$bytes" || fail "$EXIT_UNAVAILABLE" "database '$name': its size is no number"
    databases+=("$name")
    bytes_of["$name"]=$bytes
  done <<<"$listing"
  ((${#databases[@]})) || fail "$EXIT_CONFIG" 'no database is left to back up' \
    'See PGVIGIL_BACKUP_DATABASES and PGVIGIL_BACKUP_EXCLUDE.'
  read -r -d '' -a wanted <<<"$PGVIGIL_BACKUP_DATABASES" || true
  for name in "${wanted[@]}"; do
    [[ -n ${bytes_of[$name]-} ]] || is_listed "$name" "$PGVIGIL_BACKUP_EXCLUDE" ||
      fail "$EXIT_CONFIG" "PGVIGIL_BACKUP_DATABASES: the server has no database $name"
  done
}
