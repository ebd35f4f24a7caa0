# shellcheck shell=bash disable=SC2154  # variables of deploy/demo and lib.sh
# The demo's Postgres: a throw-away cluster, its roles, the payment sample and the workload. Sourced by deploy/demo.

workload_rate=10 # scripts started per second, by four clients: a fraction of one core at the default size

# script and weight: what a hundred visits to a payment service are about
workload_mix=(
  pay 30
  sign_in 25
  history 15
  pending 8
  audit 7
  metadata_search 5
  email_search 4
  refund 4
  daily_totals 2
)

# The connection string of a role: dsn <role> <database>
dsn() {
  echo "host=127.0.0.1 port=$postgres_port user=$1 dbname=$2 passfile=$home/pgpass"
}

# sql <role> <database> [psql argument...]
sql() {
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$(dsn "$1" "$2")" "${@:3}"
}

# A cluster in $home/postgres that listens on the loopback address and asks for passwords everywhere.
create_cluster() {
  local role
  install -d -m 0700 -o "$server_user" "$home/postgres" "$home/socket"
  for role in postgres payments_app pgvigil; do
    password_of["$role"]=$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')
  done
  (umask 077 && write_passwords)
  chown "$server_user" "$home/postgres.password"
  run_interruptible timeout "$(seconds_left)" setpriv "${as_server_user[@]}" "$postgres_bin/initdb" \
    --pgdata="$home/postgres" --username=postgres --auth=scram-sha-256 \
    --pwfile="$home/postgres.password" --encoding=UTF8 --locale=C.UTF-8
  cat >>"$home/postgres/postgresql.conf" <<EOT
cluster_name = 'payments'
listen_addresses = '127.0.0.1'
port = $postgres_port
unix_socket_directories = '$home/socket'
max_connections = 40
shared_buffers = 256MB
max_wal_size = 2GB
shared_preload_libraries = 'pg_stat_statements'
track_io_timing = on
autovacuum_naptime = 15s
EOT
}

write_passwords() {
  local role
  for role in postgres payments_app; do
    echo "127.0.0.1:$postgres_port:*:$role:${password_of[$role]}"
  done >"$home/pgpass"
  echo "${password_of[postgres]}" >"$home/postgres.password"
  echo "${password_of[pgvigil]}" >"$home/pgvigil.password"
}

# It is stopped by SIGQUIT: what is removed needs no shutdown checkpoint.
start_postgres() {
  start_service postgres QUIT "${as_server_user[@]}" -- "$postgres_bin/postgres" -D "$home/postgres"
  wait_until 20 sql postgres postgres --command='select 1'
}

# The service's own role, and the one that measures it. The passwords travel by the environment, and no statement
# that names them is kept.
create_roles() {
  payments_password=${password_of[payments_app]} pgvigil_password=${password_of[pgvigil]} \
    sql postgres postgres <<'EOT'
\getenv payments_password payments_password
\getenv pgvigil_password pgvigil_password
SET pg_stat_statements.track_utility = off;
CREATE ROLE payments_app LOGIN PASSWORD :'payments_password';
CREATE ROLE pgvigil LOGIN CONNECTION LIMIT 5 PASSWORD :'pgvigil_password';
GRANT pg_monitor TO pgvigil;
CREATE DATABASE payments OWNER payments_app;
\connect payments
CREATE EXTENSION pg_stat_statements;
EOT
}

# Statement statistics begin after the load, with the workload.
load_sample() {
  run_interruptible timeout "$(seconds_left)" psql --no-psqlrc --set=transactions="$transactions" \
    --dbname="$(dsn payments_app payments)" \
    --file="$parts/schema.sql" --file="$parts/load.sql" --file="$parts/foreign_keys.sql"
  sql postgres payments --output=/dev/null --command='select pg_stat_statements_reset()'
}

# Prepared statements, as drivers use them. A script that would start over two seconds late is left out, so that a
# machine that slept or is slow has no flood to catch up with.
start_workload() {
  local scripts=() i
  for ((i = 0; i < ${#workload_mix[@]}; i += 2)); do
    scripts+=(--file="$parts/workload/${workload_mix[i]}.sql@${workload_mix[i + 1]}")
  done
  start_service workload TERM -- "$postgres_bin/pgbench" --no-vacuum --protocol=prepared --client=4 \
    --rate="$workload_rate" --latency-limit=2000 --time=31536000 "${scripts[@]}" \
    --define=users=$((transactions / 10)) --define=transactions="$transactions" "$(dsn payments_app payments)"
}
