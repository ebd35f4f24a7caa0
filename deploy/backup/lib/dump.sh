# shellcheck shell=bash disable=SC2154  # variables that the parts share
# One dump set: a file for each database and one for the globals.

# What each file is worth: its end. A custom dump ends in zero bytes, a tar in two empty blocks, plain SQL in a sentence.
# This is checked beside reading it all, since pg_restore is content with half a tar.
ends_well() { # <custom|directory|plain>
  case $1 in
    custom) [[ $(tail -c 5 "$work/tail" | od -An -tx1 | tr -d ' \n') == 0000000000 ]] ;;
    directory) [[ $(wc -c <"$work/tail") -eq 1024 && -z $(tr -d '\0' <"$work/tail" | head -c 1) ]] ;;
    plain) grep -qx -- '-- PostgreSQL database cluster dump complete' "$work/tail" ;;
  esac
}

# Producers and readers of store_stream.
pg_dump_custom() { # <database>
  exec pg_dump --format=custom --compress=0 "${snapshot[@]}" --lock-wait-timeout="$PGVIGIL_BACKUP_LOCK_WAIT" \
    --dbname="$(conninfo "$1")"
}
read_custom() { exec pg_restore --file=/dev/null; }

pack_directory() { exec tar --directory="$draft" --create --file=- --owner=0 --group=0 "$1"; }
read_tar() { exec tar --list --file=-; }

pg_dumpall_globals() {
  local arguments=()
  if [[ $PGVIGIL_BACKUP_ROLE_PASSWORDS == no ]]; then arguments=(--no-role-passwords); fi
  exec pg_dumpall --globals-only "${arguments[@]}" --dbname="$(conninfo "$PGVIGIL_BACKUP_MAINTENANCE_DATABASE")"
}
read_sql() { exec cat; }

# In the directory format pg_dump compresses by itself, in parallel; zstd over that would cost and save nothing. So
# the folder is packed as it is.
pg_dump_directory() { # <database> <folder>
  pg_dump --format=directory --jobs="$PGVIGIL_BACKUP_JOBS" --compress="$PGVIGIL_BACKUP_COMPRESSION_LEVEL" \
    "${snapshot[@]}" --lock-wait-timeout="$PGVIGIL_BACKUP_LOCK_WAIT" --dbname="$(conninfo "$1")" --file="$2" \
    2>"$work/pg_dump.log" && pg_restore --file=/dev/null "$2" 2>"$work/read.log"
}

dump_globals() {
  local file
  file=globals.sql$(suffix_of_compression)$(suffix_of_encryption)
  say 'globals: roles and tablespaces'
  run_job store_stream "$draft/$file" read_sql pg_dumpall_globals
  finish_file globals "$file" plain globals '' 0 "$PGVIGIL_BACKUP_COMPRESSION"
}

dump_database() { # <database>
  local database=$1 stem
  stem=$(file_name "$database")
  say "$database: $(human_bytes "${bytes_of[$database]}") in the server"
  open_snapshot "$database"
  if [[ $PGVIGIL_BACKUP_FORMAT == custom ]]; then
    dump_custom "$database" "$stem"
  else
    dump_directory "$database" "$stem"
  fi
}

dump_custom() { # <database> <stem>
  local file
  file=$2.dump$(suffix_of_compression)$(suffix_of_encryption)
  run_job store_stream "$draft/$file" read_custom pg_dump_custom "$1"
  close_snapshot
  finish_file "database $1" "$file" custom database "$1" "${bytes_of[$1]}" "$PGVIGIL_BACKUP_COMPRESSION"
}

# Until it is packed the dump lies unencrypted, for this user only, in the draft's folder.
dump_directory() { # <database> <stem>
  local file compression=$PGVIGIL_BACKUP_COMPRESSION PGVIGIL_BACKUP_COMPRESSION=none status=0
  file=$2.dir.tar$(suffix_of_encryption)
  [[ $compression == none ]] || compression=gzip
  run_job pg_dump_directory "$1" "$draft/$2.dir" || status=$?
  close_snapshot
  if [[ $status -ne 0 && -s $work/read.log ]]; then report_stage "database $1" read "$status"; fi
  if ((status)); then report_stage "database $1" pg_dump "$status"; fi
  run_job store_stream "$draft/$file" read_tar pack_directory "$2.dir"
  finish_file "database $1" "$file" directory database "$1" "${bytes_of[$1]}" "$compression"
  rm -rf -- "${draft:?}/$2.dir"
}

# A file name for any database name: what is not plainly a letter, digit, `_` or `-` becomes %XX.
file_name() {
  local i character
  for ((i = 0; i < ${#1}; ++i)); do
    character=${1:i:1}
    if [[ $character == [A-Za-z0-9_-] ]]; then printf %s "$character"; else printf %%%02X "'$character"; fi
  done
}

# finish_file <what> <name> <format> <kind> <database> <bytes in the server> <compression>: everything that must be
# true of a file before it counts; then its line for the manifest.
finish_file() {
  local path=$draft/$2 bytes sum plain
  check_stages "$1"
  ends_well "$3" || fail "$EXIT_DAMAGED" "$1: the dump breaks off: its end is missing"
  bytes=$(stat -c %s "$path") sum=$(cut -d' ' -f1 "$work/sum") plain=$(<"$work/plain")
  ((bytes > 0)) || fail "$EXIT_DAMAGED" "$1: the file is empty"
  sync "$path"
  jq -nc --arg name "$2" --arg format "$3" --arg kind "$4" --arg database "$5" --arg sum "$sum" \
    --arg compression "$7" --arg encryption "$PGVIGIL_BACKUP_ENCRYPTION" --argjson bytes "$bytes" \
    --argjson plain "$plain" --argjson source "$6" --slurpfile sample <(if [[ -n $5 ]]; then cat "$work/sample"; fi) \
    '{name: $name, kind: $kind, database: $database, bytes: $bytes,
      sha256: $sum, format: $format, compression: $compression, encryption: $encryption, plain_bytes: $plain}
     + (if $kind == "database" then {database_bytes: $source, sample: $sample} else {} end)' >>"$work/files"
  say "$1: $(human_bytes "$plain") dumped, $(human_bytes "$bytes") stored, $((100 - 100 * bytes / (plain ? plain : 1))) % saved"
}
