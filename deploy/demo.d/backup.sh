# shellcheck shell=bash disable=SC2154  # variables of deploy/demo and lib.sh
# The demo's backup and its rehearsal, by the scripts of deploy/backup: an encrypted dump set of the payment service,
# restored into a throw-away cluster. Sourced by deploy/demo.

# All of it belongs to the server's user, who must also be able to read the scripts: a checkout may be closed to others.
prepare_backup() {
  local folder=$home/backup
  install -d -m 0700 -o "$server_user" "$folder" "$folder/scratch"
  install -m 0600 -o "$server_user" "$home/pgpass" "$folder/pgpass"
  cp -r "$repository/deploy/backup" "$folder/scripts"
  chmod -R a+rX "$folder/scripts"
  (umask 077 && age-keygen -o "$folder/key.txt" 2>/dev/null)
  chown "$server_user" "$folder/key.txt"
  cat >"$folder/backup.env" <<EOT
PGHOST=127.0.0.1
PGPORT=$postgres_port
PGUSER=postgres
PGPASSFILE=$folder/pgpass
PGVIGIL_BACKUP_DIR=$folder/sets
PGVIGIL_BACKUP_ENCRYPTION=age
PGVIGIL_BACKUP_RECIPIENTS=$(age-keygen -y "$folder/key.txt")
PGVIGIL_DRILL_DIR=$folder/drills
PGVIGIL_DRILL_SCRATCH=$folder/scratch
PGVIGIL_DRILL_AGE_IDENTITY=$folder/key.txt
PGVIGIL_DRILL_NICE=0
PGVIGIL_NOTIFY_COMMAND=true
EOT
}

# backup_script <name>
backup_script() {
  run_interruptible timeout "$(seconds_left)" setpriv "${as_server_user[@]}" -- \
    "$home/backup/scripts/$1" --config "$home/backup/backup.env"
}

back_up() {
  prepare_backup
  backup_script pgvigil-backup
}

backup_manifest() { cat "$home"/backup/sets/2*/manifest.json; }
drill_result() { cat "$home"/backup/drills/*.json; }

# Of the payments dump, in percent.
saved_by_compression() {
  backup_manifest | jq '.files[] | select(.database == "payments") | 100 * (1 - .bytes / .plain_bytes) | floor'
}

print_backup() {
  backup_manifest | jq -r '.files[] | select(.database == "payments") |
    "backup: \(.plain_bytes / 1e6 | floor) MB of payments in \(.bytes / 1e6 * 10 | floor / 10) MB, encrypted: " +
    "\(100 * (1 - .bytes / .plain_bytes) | floor) % saved"'
  drill_result | jq -r '"drill:  \(.outcome): \(.bytes_restored / 1e6 | floor) MB restored in \(.restore_seconds) s, " +
    "checked in \(.check_seconds) s"'
}
