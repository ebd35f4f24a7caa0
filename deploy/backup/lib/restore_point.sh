# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# The moment before a migration, and the way back to it.

point_name= # of the restore point; empty where this role may make none
point_lsn=
point_time=
point_proven= # its WAL was seen in the repository

# May this role execute it, and would the server do it?
may_execute() { # <function with its argument types>
  [[ $(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select has_function_privilege('$1', 'execute')
    and current_setting('wal_level') <> 'minimal'") == t ]]
}

make_restore_point() { # <name>
  if may_execute 'pg_create_restore_point(text)'; then
    point_lsn=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select pg_create_restore_point(:'name')" --set=name="$1")
    point_name=$1
  else
    point_lsn=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" 'select pg_current_wal_insert_lsn()')
  fi
  point_time=$(now)
}

# The restore point is worth what the repository holds of it. Where this role may switch the WAL segment, that is
# seen; elsewhere the archiver's own account must do.
prove_archived() { # <seconds>
  local segment
  [[ $(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select current_setting('archive_mode')") != off ]] ||
    refuse 'the server archives no WAL (archive_mode is off): it could be restored to its last backup only'
  if ! may_execute 'pg_switch_wal()'; then
    ! archiver_fails || refuse "WAL is not archived: $(archiver_complaint)"
    return 0
  fi
  segment=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select pg_walfile_name('$point_lsn')")
  sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" 'select pg_switch_wal()' >/dev/null
  run_job wait_archived "$segment" "$1" || refuse "WAL segment $segment is not archived after $1 s: $(archiver_complaint)"
  read_repository
  [[ $(newest_archived) > $segment || $(newest_archived) == "$segment" ]] ||
    refuse "the server's archiver is content, and the repository has no WAL segment $segment" \
      'Does archive_command push into this stanza?'
  point_proven=yes
}

wait_archived() { # <segment> <seconds>
  local end=$((EPOCHSECONDS + $2)) last
  while ((EPOCHSECONDS < end)); do
    last=$(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" 'select left(last_archived_wal, 24) from pg_stat_archiver')
    [[ $last < $1 ]] || return 0
    sleep 0.5
  done
  return 1
}

newest_archived() {
  jq -r --arg repo "$PGVIGIL_BACKUP_REPO" '[.[0].archive[] |
    select($repo == "" or (.database["repo-key"] | tostring) == $repo).max // empty] | max // ""' "$work/info"
}

archiver_fails() {
  [[ $(sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" 'select last_archived_time is null or
    coalesce(last_failed_time > last_archived_time, false) from pg_stat_archiver') == t ]]
}

archiver_complaint() {
  sql "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" "select coalesce('the last failure was ' || last_failed_wal || ' at ' ||
    date_trunc('second', last_failed_time), 'the archiver has not failed, it is late or idle') from pg_stat_archiver"
}

# --- the way back -----------------------------------------------------------------------------------------------

# way_back: the commands, a line each; KEY, DATA and so on are for the reader to fill in.
way_back_by_pgbackrest() {
  local target=(--type=lsn "--target=$point_lsn")
  if [[ -n $point_name ]]; then target=(--type=name "--target=$point_name"); fi
  echo '# on the database host, with Postgres stopped:'
  # The set is named: pgBackRest would begin with its newest backup, which may be one of after the migration.
  echo "pgbackrest --stanza=$PGVIGIL_BACKUP_STANZA --repo=$(jq '.database["repo-key"]' <<<"$backup") --set=$(jq -r .label <<<"$backup") --delta ${target[*]} --target-action=promote restore"
  echo '# then start Postgres'
}

way_back_by_set() { # [database]
  local file
  echo '# what was written after the set began is lost:'
  while IFS= read -r file; do
    printf '%s%s%s\n' "$(decrypt_words "$file")" "$(decompress_words "$file")" "$(restore_words "$file")"
  done < <(jq -c --arg only "${1-}" '.files[] | select(.kind == "database" and ($only == "" or .database == $only))' \
    "$set/manifest.json")
}

decrypt_words() {
  local path
  path=$(printf %q "$set/$(jq -r .name <<<"$1")")
  case $(jq -r .encryption <<<"$1") in
    age) echo "age --decrypt --identity KEY $path | " ;;
    gpg) echo "gpg --decrypt $path | " ;;
    none) echo "cat $path | " ;;
  esac
}

decompress_words() {
  case $(jq -r 'if .format == "directory" then "none" else .compression end' <<<"$1") in
    zstd) echo 'zstd --decompress --stdout | ' ;;
    gzip) echo 'gzip --decompress --stdout | ' ;;
  esac
}

restore_words() {
  local options="--clean --if-exists --create --exit-on-error --dbname=$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" stem
  # A database cannot be dropped from inside itself.
  if [[ $(jq -r .database <<<"$1") == "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE" ]]; then
    options=${options%=*}=template1
  fi
  if [[ $(jq -r .format <<<"$1") == directory ]]; then
    stem=$(jq -r '.name | sub("\\.tar.*$"; "")' <<<"$1")
    echo "tar --extract --file=- && pg_restore $options $stem"
  else
    echo "pg_restore $options"
  fi
}
