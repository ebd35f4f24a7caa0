# shellcheck shell=bash disable=SC2034,SC2154  # for incident.sh; of the demo
story='A migration alters payment_methods in a transaction and does not commit. Everybody queues behind it.'
rules=(PostgresBlockedSessions)
about='sessions of payments on .* wait for locks'
mended='The migration is ended.'

prepare_incident() {
  echo "SELECT count(*) FROM payment_methods WHERE user_id = 'usr_00000001';" >"$home/checkout.sql"
  rm -f "$home/migration.sql"
  mkfifo "$home/migration.sql"
}

# The session lasts as long as somebody could still write to it, and no longer than this script.
begin_incident() {
  start_service migration TERM -- psql --no-psqlrc --set=ON_ERROR_STOP=1 --file="$home/migration.sql" \
    --dbname="$(dsn payments_app payments) application_name=migration-42"
  exec {migration}>"$home/migration.sql"
  echo 'BEGIN; ALTER TABLE payment_methods ADD COLUMN network text;' >&"$migration"
  wait_until 20 migration_has_its_lock
  start_service checkout TERM -- "$postgres_bin/pgbench" --no-vacuum --client=6 --time=3600 \
    --file="$home/checkout.sql" "$(dsn payments_app payments) application_name=checkout"
}

migration_has_its_lock() {
  sql postgres postgres --tuples-only --command="select 'held' from pg_locks join pg_stat_activity using (pid)
    where application_name = 'migration-42' and mode = 'AccessExclusiveLock' and granted" | grep -q held
}

end_incident() {
  exec {migration}>&-
  stop_services
}
