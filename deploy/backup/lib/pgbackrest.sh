# shellcheck shell=bash disable=SC2154  # variables that the parts share
# Driving pgBackRest: its own configuration says where the repository is and how it is encrypted.

# backrest <argument>...: on our stanza and, where the setting names one, repository.
backrest() {
  pgbackrest --stanza="$PGVIGIL_BACKUP_STANZA" ${PGVIGIL_BACKUP_REPO:+--repo="$PGVIGIL_BACKUP_REPO"} \
    --log-level-console=warn "$@"
}

# Reads `info` into $work/info. Its exit status is 0 for any state of the repository, so the content is judged; with a
# wrong key its messages hold raw control bytes, which no JSON may.
read_repository() {
  timeout 600 pgbackrest --stanza="$PGVIGIL_BACKUP_STANZA" ${PGVIGIL_BACKUP_REPO:+--repo="$PGVIGIL_BACKUP_REPO"} \
    --log-level-console=error --log-level-file=off --output=json info 2>"$work/info.log" |
    tr '\000-\037' '?' | sed 's/?*$//' >"$work/info" ||
    fail "$EXIT_UNAVAILABLE" "pgbackrest info failed: $(last_line_of "$work/info.log")"
  jq -e 'length == 1' "$work/info" >/dev/null 2>&1 ||
    fail "$EXIT_UNAVAILABLE" 'pgbackrest info gave no JSON for one stanza'
}

last_line_of() { grep . "$1" 2>/dev/null | tail -n 1 || true; }

# Why no backup of the repository can be relied on; nothing where one can. Codes: 0 good, 2 no backups yet; the rest
# is a repository that cannot be read. The stanza's code is mixed where there are several repositories.
repository_fault() {
  jq -r --arg repo "$PGVIGIL_BACKUP_REPO" '.[0] |
    [.repo[] | select($repo == "" or (.key | tostring) == $repo)] as $repos |
    if $repos == [] then "the stanza has no repository \($repo)"
    elif any($repos[]; .status.code == 0 or .status.code == 2) then ""
    else $repos[0] | "repository \(.key): \(.status.message)" end' "$work/info"
}

# newest_backup [type...]: the newest backup without errors (of these types) as JSON, or nothing.
newest_backup() {
  jq -c --arg repo "$PGVIGIL_BACKUP_REPO" --args '[.[0].backup[] |
    select($repo == "" or (.database["repo-key"] | tostring) == $repo) | select(.error != true) |
    select($ARGS.positional == [] or (.type | IN($ARGS.positional[])))] |
    sort_by(.timestamp.stop) | last // empty' "$@" <"$work/info"
}

# A full backup where there is no good one of the last N days; else a differential by the same rule; else an
# incremental one.
choose_type() {
  local since_full since_diff
  since_full=$(age_of_newest full)
  since_diff=$(age_of_newest full diff)
  if [[ -z $since_full ]] || ((since_full >= PGVIGIL_BACKUP_FULL_DAYS * 86400)); then
    echo full
  elif ((PGVIGIL_BACKUP_DIFF_DAYS > 0 && since_diff >= PGVIGIL_BACKUP_DIFF_DAYS * 86400)); then
    echo diff
  else
    echo incr
  fi
}

# Seconds from the start of the newest backup of these types; nothing where there is none. (From the start, so that a
# daily run that takes long does not come a day late.)
age_of_newest() {
  newest_backup "$@" | jq --argjson now "$EPOCHSECONDS" '$now - .timestamp.start'
}

# back_up_stanza <type>: makes the backup and leaves it, as JSON, in `backup`.
back_up_stanza() {
  local status=0 before label
  before=$(jq -c '[.[0].backup[] | "\(.database["repo-key"]) \(.label)"]' "$work/info")
  run_job backrest_logged --type="$1" backup || status=$?
  ((status != 50)) || fail "$EXIT_LOCKED" "pgBackRest holds its lock: another backup of $PGVIGIL_BACKUP_STANZA runs"
  ((status == 0)) || fail "$EXIT_FAILED" "pgbackrest backup failed with status $status: $(last_line_of "$work/backrest.log")"
  read_repository
  # Also those with errors: a page that fails its checksum is a warning and status 0, and only seen here.
  backup=$(jq -c --argjson before "$before" '[.[0].backup[] |
    select("\(.database["repo-key"]) \(.label)" | IN($before[]) | not)] | sort_by(.timestamp.stop) | last // empty' \
    "$work/info")
  [[ -n $backup ]] || fail "$EXIT_DAMAGED" 'pgbackrest backup ended well, and its repository shows no new backup'
  label=$(jq -r .label <<<"$backup")
  if [[ $(jq -r .error <<<"$backup") == true ]]; then
    fail "$EXIT_DAMAGED" "backup $label has pages that fail their checksums" \
      "pgbackrest --stanza=$PGVIGIL_BACKUP_STANZA --set=$label info names the files; the damage is in the server."
  fi
}

# Shows what pgBackRest warns of, and keeps it for the message of a failure.
backrest_logged() {
  backrest "$@" 2>&1 | tee "$work/backrest.log" >&2
  return "${PIPESTATUS[0]}"
}

# `check` switches the WAL segment and waits for it in the repository. `verify` reads the whole repository, and its
# exit status says nothing of what it found.
check_repository() {
  case $PGVIGIL_BACKUP_AFTER in
    check)
      say 'pgbackrest check: is WAL archived?'
      run_job backrest_logged check || fail "$EXIT_FAILED" "pgbackrest check failed: $(last_line_of "$work/backrest.log")"
      ;;
    verify)
      say 'pgbackrest verify: reading the repository'
      run_job verify_repository ||
        fail "$EXIT_DAMAGED" "pgbackrest verify found damage: $(grep -m 1 -iE 'error|invalid|missing' "$work/verify.log")"
      ;;
  esac
}

verify_repository() {
  pgbackrest --stanza="$PGVIGIL_BACKUP_STANZA" ${PGVIGIL_BACKUP_REPO:+--repo="$PGVIGIL_BACKUP_REPO"} \
    --log-level-console=info --log-level-file=off verify >"$work/verify.log" 2>&1 || return 1
  ! grep -qE 'status: error|checksum invalid: [1-9]|missing: [1-9]|size invalid: [1-9]|^.*ERROR' "$work/verify.log"
}

# missing_wal <backup, JSON>: the first WAL segment that is not in the archive between the start of the backup and the
# newest segment that `info` knows of; nothing where all are there. No command of pgBackRest looks for it. A timeline that
# begins after the backup is followed by the agent only: here the backup's own is. The file list is asked for after
# `info`, so that what was archived since is no gap.
missing_wal() {
  local repo id start last segment_bytes
  repo=$(jq '.database["repo-key"]' <<<"$1") start=$(jq -r '.archive.start // empty' <<<"$1")
  id=$(jq -r --argjson backup "$1" 'first(.[0].archive[] | select(.database == $backup.database).id)' "$work/info")
  [[ -n $start && -n $id ]] || return 0
  last=$(jq -r --argjson backup "$1" 'first(.[0].archive[] | select(.database == $backup.database).max) // empty' "$work/info")
  [[ ${last:0:8} == "${start:0:8}" ]] || last=
  segment_bytes=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select setting from pg_settings where name = 'wal_segment_size'")
  timeout 600 pgbackrest --repo="$repo" --log-level-console=error --log-level-file=off --output=json --recurse \
    repo-ls "archive/$PGVIGIL_BACKUP_STANZA/$id" >"$work/archive" 2>"$work/archive.log" || {
    echo "which cannot be listed ($(last_line_of "$work/archive.log"))"
    return 0
  }
  jq -r 'keys[] | split("/") | last | capture("^(?<segment>[0-9A-F]{24})-").segment' "$work/archive" |
    awk -v first="$start" -v last="$last" -v high="$((4294967296 / segment_bytes))" '
      substr($0, 1, 8) == substr(first, 1, 8) { there[$0] = 1; if ($0 > newest) newest = $0 }
      function hex(text,   i, value) {
        for (i = 1; i <= length(text); ++i) value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
        return value
      }
      END {
        if (last == "") last = newest
        upper = hex(substr(first, 9, 8)); lower = hex(substr(first, 17, 8))
        for (;;) {
          name = sprintf("%s%08X%08X", substr(first, 1, 8), upper, lower)
          if (name > last && name != first) exit
          if (!(name in there)) { print name; exit }
          if (++lower == high) { lower = 0; ++upper }
        }
      }'
}
