# shellcheck shell=bash disable=SC2034,SC2154  # for incident.sh; of the demo
story='A report service opens a connection for each of its workers and keeps them all, until hardly one is left.'
rules=(PostgresConnectionsCritical)
about='of its connections taken'
mended='The report service is ended.'

prepare_incident() {
  printf '%s\n' 'SELECT 1;' '\sleep 5 s' >"$home/report.sql"
}

# All but one of those that are left to people without privileges.
begin_incident() {
  local free
  free=$(sql postgres postgres --tuples-only --no-align --command="
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - count(*)
    from pg_stat_activity where backend_type = 'client backend'")
  start_service reports TERM -- "$postgres_bin/pgbench" --no-vacuum --client="$free" --time=3600 \
    --file="$home/report.sql" "$(dsn payments_app payments) application_name=report-worker"
}

end_incident() {
  stop_services
}
