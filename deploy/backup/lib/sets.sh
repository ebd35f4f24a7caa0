# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# Dump sets on disk: a folder named after its moment, published by a rename, with manifest.json and SHA256SUMS. Hidden
# folders are no sets: `.partial-*` is being written or was broken off, `.expired-*` is being removed.

draft= # the folder of the set under way

begin_set() {
  local name
  sweep_leftovers
  name=$(stamp)
  if [[ -e $PGVIGIL_BACKUP_DIR/$name ]]; then # a small server was dumped before within this second
    sleep 1
    name=$(stamp)
  fi
  draft=$PGVIGIL_BACKUP_DIR/.partial-$name
  if [[ -e $PGVIGIL_BACKUP_DIR/$name ]] || ! mkdir -- "$draft"; then
    fail "$EXIT_SPACE" "cannot make the folder $draft" "Another set of this second, or no right to write there."
  fi
  : >"$work/files"
}

# Under the lock nobody writes but us: what lies there hidden was left by a run that was killed outright.
sweep_leftovers() {
  local folder
  for folder in "$PGVIGIL_BACKUP_DIR"/.partial-$STAMPS "$PGVIGIL_BACKUP_DIR"/.expired-$STAMPS; do
    [[ -d $folder ]] || continue
    say "removing what a killed run has left: ${folder##*/}"
    rm -rf -- "$folder"
  done
}

drop_draft() {
  if [[ -n $draft && -d $draft ]]; then rm -rf -- "$draft"; fi
  draft=
}

# Everything else is on disk before the rename, which makes the set one.
publish_set() { # <epoch of the start>
  local name=${draft##*/.partial-}
  jq -r '"\(.sha256)  \(.name)"' "$work/files" >"$draft/SHA256SUMS"
  write_manifest "$1" >"$draft/manifest.json"
  sync "$draft"/* "$draft"
  mv -T -- "$draft" "$PGVIGIL_BACKUP_DIR/$name"
  sync "$PGVIGIL_BACKUP_DIR"
  published=$PGVIGIL_BACKUP_DIR/$name draft=
}

write_manifest() { # <epoch of the start>
  jq -n --arg started "$(rfc3339 "$1")" --arg finished "$(now)" --arg identifier "$server_identifier" \
    --arg bootstrap "$server_bootstrap_role" --argjson version "$server_version" \
    --argjson recovery "$([[ $server_in_recovery == t ]] && echo true || echo false)" \
    --arg program "$(pg_dump --version)" --slurpfile files "$work/files" \
    --arg expires "$([[ -z $key_expiry ]] || rfc3339 "$key_expiry")" --argjson recipients "$(recipient_list)" \
    --args '{format: "pgvigil-dump/1", tool: "pg_dump", tool_version: $program, started_at: $started,
      finished_at: $finished,
      server: {system_identifier: $identifier, version: $version, in_recovery: $recovery, bootstrap_role: $bootstrap},
      key_expires_at: (if $expires == "" then null else $expires end), recipients: $recipients,
      files: $files, databases_expected: $ARGS.positional}' "${databases[@]}"
}

# list_sets: the names of all published sets, newest first.
list_sets() {
  local folder
  for folder in "$PGVIGIL_BACKUP_DIR"/$STAMPS; do
    if [[ -d $folder ]]; then printf '%s\n' "${folder##*/}"; fi
  done | sort -r
}

newest_set() {
  local name
  while read -r name; do
    if set_is_good "$PGVIGIL_BACKUP_DIR/$name"; then
      echo "$PGVIGIL_BACKUP_DIR/$name"
      return
    fi
  done < <(list_sets)
  return 1
}

# set_is_good <folder>: there is a manifest of our format, every database that it expects and the globals have a file,
# and every file has its size. Cheap: nothing but sizes is read. `set_fault` says what is wrong.
set_is_good() {
  set_fault=$(find "$1" -maxdepth 1 -type f -printf '%s %f\n' | jq -rRn --slurpfile manifest "$1/manifest.json" '
    ([inputs | capture("^(?<bytes>[0-9]+) (?<name>.*)") | {(.name): (.bytes | tonumber)}] | add) as $sizes |
    $manifest[0] | (.databases_expected - [.files[] | select(.kind == "database").database]) as $missing |
    if .format != "pgvigil-dump/1" then error
    elif $missing != [] then "it lacks the database \($missing | join(", "))"
    elif all(.files[]; .kind != "globals") then "it lacks the globals"
    else first(.files[] | select(.bytes != $sizes[.name]) | "\(.name) is missing or has not its \(.bytes) bytes") // ""
    end' 2>/dev/null) || set_fault='it has no manifest.json of format pgvigil-dump/1'
  [[ -z $set_fault ]]
}

# Of a set, a number from the manifest: its stored bytes, or its databases' bytes in the server.
stored_bytes() { jq '[.files[].bytes] | add | floor' "$1/manifest.json"; }
server_bytes() { jq '[.files[].database_bytes // 0] | add | floor' "$1/manifest.json"; }
plain_bytes() { jq '[.files[].plain_bytes // 0] | add | floor' "$1/manifest.json"; }

# Refuses to begin what cannot end: the databases' size times what the last set took of it (half of it when there is
# none), and a fifth more.
check_space() {
  local database need=0 last stored=1 source=2 have
  for database in "${databases[@]}"; do need=$((need + ${bytes_of["$database"]})); done
  if last=$(newest_set) && (($(server_bytes "$last") > 0)); then
    stored=$(stored_bytes "$last") source=$(server_bytes "$last")
  fi
  need=$(awk -v need="$need" -v stored="$stored" -v source="$source" 'BEGIN { printf "%.0f", need * stored / source * 1.2 }')
  [[ $PGVIGIL_BACKUP_FORMAT == custom ]] || need=$((need * 2)) # the folder, and it packed
  have=$(free_bytes "$PGVIGIL_BACKUP_DIR")
  say "space: some $(human_bytes "$need") needed, $(human_bytes "$have") free"
  if [[ $PGVIGIL_BACKUP_SPACE_CHECK == yes ]] && ((need > have)); then
    fail "$EXIT_SPACE" "not enough space in $PGVIGIL_BACKUP_DIR: some $(human_bytes "$need") needed, $(human_bytes "$have") free" \
      'Make room or keep fewer sets; PGVIGIL_BACKUP_SPACE_CHECK=no tries all the same.'
  fi
}
