# shellcheck shell=bash disable=SC2154  # variables that the parts share
# Restoring a dump set into the scratch cluster: sums, globals, every database.

# The set to restore is the newest one that is published, good or not: where that is damaged the drill fails, since
# that is the one which somebody would reach for.
find_set() { # <name, or nothing for the newest>
  local name=${1:-$(list_sets | head -n 1)}
  [[ -n $name && -d $PGVIGIL_BACKUP_DIR/$name ]] ||
    fail "$EXIT_NO_BACKUP" "there is no dump set ${1:+$1 }in $PGVIGIL_BACKUP_DIR"
  folder=$PGVIGIL_BACKUP_DIR/$name
}

describe_set() {
  local manifest=$folder/manifest.json
  jq -e . "$manifest" >/dev/null 2>&1 || manifest=<(echo '{}')
  jq -n --arg set "${folder##*/}" '{tool: "dump", label: $set}' >"$work/source"
  jq -r '.finished_at // empty' "$manifest" >"$work/backup_finished_at"
}

check_set_files() {
  local sums=$work/sums.log
  if set_is_good "$folder"; then
    record_check complete passed "$(jq '.files | length' "$folder/manifest.json") files, all databases and the globals"
  else
    record_check complete failed "$set_fault"
    fail "$EXIT_DAMAGED" "the set ${folder##*/} is not whole: $set_fault"
  fi
  say 'reading every file: sha256'
  if run_job check_sums >"$sums" 2>&1; then
    record_check sha256 passed 'all files have the sums of the manifest'
  else
    record_check sha256 failed "$(head -n 1 "$sums")"
    fail "$EXIT_DAMAGED" "a file of the set ${folder##*/} is damaged: $(head -n 1 "$sums")"
  fi
}

check_sums() {
  cd "$folder" && jq -r '.files[] | "\(.sha256)  \(.name)"' manifest.json | sha256sum --check --strict --quiet
}

restore_set() {
  local manifest=$folder/manifest.json bootstrap file
  bootstrap=$(jq -r '.server.bootstrap_role // "postgres"' "$manifest")
  use_server_programs "$(jq '.server.version / 10000 | floor' "$manifest")"
  if [[ -z $PGVIGIL_DRILL_AGE_IDENTITY ]] && jq -e 'any(.files[]; .encryption == "age")' "$manifest" >/dev/null; then
    fail "$EXIT_KEY" 'the set is encrypted by age, and PGVIGIL_DRILL_AGE_IDENTITY names no file with its key'
  fi
  use_own_key_ring PGVIGIL_DRILL_GPG_KEY_FILE
  require_scratch_space "$(server_bytes "$folder")"
  new_cluster "$bootstrap"
  start_scratch_server "$bootstrap"
  restore_globals "$bootstrap"
  sql template1 'drop database postgres'
  while read -r file; do restore_database "$file"; done < <(jq -c '.files[] | select(.kind == "database")' "$manifest")
  jq -r .started_at "$manifest" >"$work/recovered_until"
}

# unpack_stages <file of the manifest, JSON> <consumer> [argument...]: a job; decrypts and decompresses into the consumer.
unpack_stages() {
  local file=$1 consumer=$2 status
  set +e
  decrypt "$(jq -r .encryption <<<"$file")" <"$folder/$(jq -r .name <<<"$file")" 2>"$work/decrypt.log" |
    decompress "$(stream_compression "$file")" 2>"$work/decompress.log" |
    "$consumer" "${@:3}" >"$work/$consumer.out" 2>"$work/$consumer.log"
  status=("${PIPESTATUS[@]}")
  printf '%s %d\n' decrypt "${status[0]}" decompress "${status[1]}" "$consumer" "${status[2]}" >"$work/stages"
}

# A dump in the directory format is compressed inside its tar.
stream_compression() { jq -r 'if .format == "directory" then "none" else .compression end' <<<"$1"; }

unpack() { # <what> <file> <consumer> [argument...]
  local stage status
  run_job unpack_stages "${@:2}"
  # The consumer of a stream that broke off complains too: the first stage that failed by itself is the culprit.
  while read -r stage status; do
    ((status == 0 || status == 141)) && continue
    if [[ $stage == decrypt ]]; then
      fail "$EXIT_KEY" "$1 cannot be decrypted: $(last_line "$work/$stage.log" "$status")" \
        'Is the key that this user has one of the recipients?'
    fi
    fail "$EXIT_FAILED" "$1: ${stage//_/ } failed: $(first_error "$work/$stage.log" "$status")"
  done <"$work/stages"
}

first_error() { grep -m 1 -iE 'error' "$1" || last_line "$@"; }

restore_globals() { # <bootstrap role>
  local line number=0 file
  say 'globals'
  file=$(jq -c 'first(.files[] | select(.kind == "globals"))' "$folder/manifest.json")
  unpack globals "$file" cat
  # initdb has made the bootstrap role; and a tablespace must not lie where the source has it.
  while IFS= read -r line; do
    [[ $line != "CREATE ROLE $1;" && $line != "CREATE ROLE \"${1//\"/\"\"}\";" ]] || continue
    if [[ $line =~ ^(CREATE TABLESPACE .* LOCATION )\'.*\'\;$ ]]; then
      number=$((number + 1))
      mkdir -p "$scratch/tablespaces/$number"
      line="${BASH_REMATCH[1]}'$scratch/tablespaces/$number';"
    fi
    printf '%s\n' "$line"
  done <"$work/cat.out" >"$scratch/globals.sql"
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=template1 --file="$scratch/globals.sql" \
    >/dev/null 2>"$work/globals.log" || fail "$EXIT_FAILED" "globals: $(first_error "$work/globals.log" 1)"
  rm -f -- "$scratch/globals.sql" "$work/cat.out"
}

restore_database() { # <file of the manifest, JSON>
  local database
  database=$(jq -r .database <<<"$1")
  say "database $database"
  if [[ $(jq -r .format <<<"$1") == directory ]]; then
    unpack "database $database" "$1" untar
    run_restore_job "$database" "$scratch/unpacked/"*.dir
  elif ((PGVIGIL_DRILL_JOBS > 1)); then
    unpack "database $database" "$1" keep_dump
    run_restore_job "$database" "$scratch/unpacked/dump"
  else
    unpack "database $database" "$1" restore_stream
  fi
  rm -rf -- "${scratch:?}/unpacked"
}

# Consumers of unpack.
untar() { mkdir "$scratch/unpacked" && exec tar --directory="$scratch/unpacked" --extract --file=-; }
keep_dump() { mkdir "$scratch/unpacked" && exec cat >"$scratch/unpacked/dump"; }
restore_stream() { exec pg_restore --create --exit-on-error --no-subscriptions --dbname=template1; }

run_restore_job() { # <database> <dump>
  run_job restore_in_parallel "$2" 2>"$work/pg_restore.log" ||
    fail "$EXIT_FAILED" "database $1: pg_restore failed: $(first_error "$work/pg_restore.log" 1)"
}
restore_in_parallel() {
  pg_restore --create --exit-on-error --no-subscriptions --jobs="$PGVIGIL_DRILL_JOBS" --dbname=template1 "$1"
}
