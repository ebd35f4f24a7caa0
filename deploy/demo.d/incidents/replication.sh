# shellcheck shell=bash disable=SC2034,SC2154  # for incident.sh; of the demo
story='The service gets a standby, and the standby dies.'
rules=(PostgresNoStreamingReplicas PostgresReplicationSlotInactive)
about='has 0 streaming standbys'
mended='The standby is started again.'

prepare_incident() {
  local primary="host=127.0.0.1 port=$postgres_port user=postgres passfile=$home/standby.pgpass"
  clean_incident
  install -m 0600 -o "$server_user" "$home/pgpass" "$home/standby.pgpass"
  install -d -m 0700 -o "$server_user" "$home/standby"
  run_interruptible setpriv "${as_server_user[@]}" "$postgres_bin/pg_basebackup" --pgdata="$home/standby" \
    --dbname="$primary" --checkpoint=fast --write-recovery-conf --create-slot --slot=standby
  cat >>"$home/standby/postgresql.conf" <<EOT
cluster_name = 'standby'
port = $(free_port)
shared_buffers = 16MB
EOT
  start_standby
  wait_until 60 judged 'pgvigil_replication_standbys_streaming == 1'
}

start_standby() {
  start_service standby QUIT "${as_server_user[@]}" -- "$postgres_bin/postgres" -D "$home/standby"
}

begin_incident() {
  stop_services
}

end_incident() {
  start_standby
}

clean_incident() {
  stop_services
  sql postgres postgres --command="select pg_drop_replication_slot(slot_name) from pg_replication_slots
    where slot_name = 'standby'" >/dev/null
  rm -rf -- "$home/standby" "$home/standby.pgpass"
}
