# shellcheck shell=bash disable=SC2154  # variables that the parts share
# Retention by grandfather, father, son: of each day, ISO week, month and year the newest good set is kept, for as many
# of each as the settings say. They are counted back from the newest set, not from today: where backups stop, nothing
# ages away. Sets that are not whole neither count nor are touched.

declare -A kept=()
expired=()

# plan_retention: fills `kept` (name -> why), `expired` (names).
plan_retention() {
  local good=() name
  kept=() expired=()
  while read -r name; do
    if set_is_good "$PGVIGIL_BACKUP_DIR/$name"; then
      good+=("$name")
    else
      warn "the set $name is not whole and counts for nothing: $set_fault. Retention leaves it alone: look at it, and remove it."
    fi
  done < <(list_sets)
  for name in "${good[@]:0:PGVIGIL_BACKUP_KEEP_LAST}"; do kept[$name]=last; done
  keep_newest_of daily "$PGVIGIL_BACKUP_KEEP_DAILY" %F "${good[@]}"
  keep_newest_of weekly "$PGVIGIL_BACKUP_KEEP_WEEKLY" %G-W%V "${good[@]}"
  keep_newest_of monthly "$PGVIGIL_BACKUP_KEEP_MONTHLY" %Y-%m "${good[@]}"
  keep_newest_of yearly "$PGVIGIL_BACKUP_KEEP_YEARLY" %Y "${good[@]}"
  for name in "${good[@]}"; do [[ -n ${kept[$name]-} ]] || expired+=("$name"); done
}

# keep_newest_of <class> <how many> <date format of a slot> <set>...: sets come newest first.
keep_newest_of() {
  local class=$1 left=$2 slot_format=$3 slots name slot last=
  shift 3
  (($# && left > 0)) || return 0
  # One `date` for all of them: there may be a thousand.
  mapfile -t slots < <(for name in "$@"; do
    echo "${name:0:4}-${name:4:2}-${name:6:2} ${name:9:2}:${name:11:2}:${name:13:2}Z"
  done | date -u -f - +"$slot_format")
  for slot in "${slots[@]}"; do
    name=$1
    shift
    [[ $slot != "$last" ]] || continue
    ((left > 0)) || return 0
    last=$slot left=$((left - 1))
    kept[$name]=${kept[$name]:+${kept[$name]},}$class
  done
}

# Renamed first: a set that is half removed is no set.
remove_expired() {
  local name
  for name in "${expired[@]}"; do
    say "retention: removing $name"
    mv -T -- "$PGVIGIL_BACKUP_DIR/$name" "$PGVIGIL_BACKUP_DIR/.expired-$name" || warn "$name could not be removed"
  done
  # shellcheck disable=SC2086  # a glob
  rm -rf -- "$PGVIGIL_BACKUP_DIR"/.expired-$STAMPS || warn 'not all of what has expired could be removed'
  say "retention: ${#kept[@]} sets kept, ${#expired[@]} removed"
}
