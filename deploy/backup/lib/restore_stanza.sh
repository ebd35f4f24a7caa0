# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# Restoring from pgBackRest into the scratch cluster, with all WAL that the repository has.

find_backup() { # <label, or nothing for the newest>
  local fault
  read_repository
  fault=$(repository_fault)
  [[ -z $fault ]] || fail "$EXIT_UNAVAILABLE" "the repository cannot be read: $fault"
  # The newest backup, with errors or not: as with dump sets, the one that somebody would reach for.
  backup=$(jq -c --arg repo "$PGVIGIL_BACKUP_REPO" --arg wanted "$1" '[.[0].backup[] |
    select($repo == "" or (.database["repo-key"] | tostring) == $repo) | select($wanted == "" or .label == $wanted)] |
    sort_by(.timestamp.stop) | last // empty' "$work/info")
  [[ -n $backup ]] ||
    fail "$EXIT_NO_BACKUP" "stanza $PGVIGIL_BACKUP_STANZA has no backup ${1:+$1 }${PGVIGIL_BACKUP_REPO:+in repository $PGVIGIL_BACKUP_REPO}"
  backup_label=$(jq -r .label <<<"$backup")
  backup_repository=$(jq -r '.database["repo-key"]' <<<"$backup")
}

describe_backup() {
  jq --arg stanza "$PGVIGIL_BACKUP_STANZA" '{tool: "pgbackrest", stanza: $stanza,
    repository: .database["repo-key"], label: .label}' <<<"$backup" >"$work/source"
  rfc3339 "$(jq .timestamp.stop <<<"$backup")" >"$work/backup_finished_at"
}

restore_backup() {
  local major
  major=$(jq -r --argjson id "$(jq .database.id <<<"$backup")" --argjson repo "$backup_repository" \
    '.[0].db[] | select(.id == $id and .["repo-key"] == $repo).version' "$work/info")
  use_server_programs "${major%%.*}"
  refuse_other_programs "${major%%.*}"
  require_scratch_space "$(jq .info.size <<<"$backup")"
  mkdir -m 0700 "$scratch/data" "$scratch/tablespaces"
  # Also for the restore_command of the scratch server: its spool is not the source's.
  export PGBACKREST_ARCHIVE_ASYNC=n
  run_job fetch_backup || fail "$EXIT_FAILED" "pgbackrest restore failed: $(last_line_of "$work/backrest.log")"
  say 'recovering: replaying all WAL of the repository'
  start_scratch_server "$PGVIGIL_DRILL_SUPERUSER"
  sql template1 "select to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')" \
    >"$work/recovered_until"
}

# Postgres says so too, but only when all has been fetched. A version before 10 is of two numbers, and none that is met here.
refuse_other_programs() { # <major>
  local version
  version=$(postgres --version)
  [[ $version =~ [0-9]+ ]] && version=${BASH_REMATCH[0]}
  ((version == $1)) ||
    fail "$EXIT_UNAVAILABLE" "the backup is of Postgres $1, and the server's programs here are of Postgres $version" \
      "Install postgresql-$1, or name its folder in PGVIGIL_PG_BIN. An image of the jobs has one major: the one whose tag ends in postgres$1."
}

fetch_backup() {
  pgbackrest --stanza="$PGVIGIL_BACKUP_STANZA" --repo="$backup_repository" --set="$backup_label" \
    --reset-pg1-host --pg1-path="$scratch/data" --tablespace-map-all="$scratch/tablespaces" --archive-mode=off \
    --log-level-console=warn restore 2>&1 | tee "$work/backrest.log" >&2
  return "${PIPESTATUS[0]}"
}

# Where any tool that reads `info` finds it. A repository that this user may only read takes none.
annotate_backup() {
  [[ $PGVIGIL_DRILL_ANNOTATE == yes ]] || return 0
  pgbackrest --stanza="$PGVIGIL_BACKUP_STANZA" --repo="$backup_repository" --set="$backup_label" \
    --annotation="restore-verified=$(now)" --log-level-console=warn annotate >"$work/annotate.log" 2>&1 ||
    warn "the backup could not be annotated: $(last_line_of "$work/annotate.log")"
}
