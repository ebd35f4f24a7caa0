# shellcheck shell=bash disable=SC2154  # variables that the parts share
# What the scripts tell others: metrics in Prometheus's text format (for node_exporter's textfile collector, or any that
# reads it), and an event for the agent's receivers. A failure to tell never changes the outcome.

# metric <name> <help> <value> [labels]: one gauge in $work/metrics; nothing where there is no value.
metric() {
  [[ -n $3 ]] || return 0
  printf '# HELP %s %s\n# TYPE %s gauge\n%s%s %s\n' "$1" "$2" "$1" "$1" "${4:+{$4\}}" "$3" >>"$work/metrics"
}

# last_metric <file> <name>: its value after the last run, so that a failed run keeps the time of the last good one.
last_metric() {
  if [[ -r $1 ]]; then awk -v name="$2" 'index($1, name) == 1 && $1 ~ "^" name "([{]|$)" { print $NF }' "$1"; fi
}

# publish_metrics <file name>: puts $work/metrics in its place.
publish_metrics() {
  [[ -n $PGVIGIL_METRICS_DIR ]] || return 0
  write_atomically "$PGVIGIL_METRICS_DIR/$1" <"$work/metrics" ||
    warn "cannot write $PGVIGIL_METRICS_DIR/$1"
}

# run_metrics <prefix> <file name> <exit status> <labels>: what every run has. `# HELP` is for a person at night.
run_metrics() {
  local file=$PGVIGIL_METRICS_DIR/$2 success
  : >"$work/metrics"
  success=$(last_metric "$file" "$1_last_success_timestamp_seconds")
  if (($3 == 0)); then success=$EPOCHSECONDS; fi
  metric "$1_last_run_timestamp_seconds" 'When the last run ended, whatever its outcome.' "$EPOCHSECONDS" "$4"
  metric "$1_last_run_exit_status" 'Exit status of the last run: 0 is good; docs/backup-scripts.md lists the others.' "$3" "$4"
  metric "$1_last_run_duration_seconds" 'How long the last run took.' "$((EPOCHSECONDS - began))" "$4"
  metric "$1_last_success_timestamp_seconds" 'When the last good run ended; absent before the first.' "$success" "$4"
}

# notify <exit status> <summary>: by PGVIGIL_NOTIFY_COMMAND, a command line without quoting, which gets the arguments
# below. Without the setting, by the agent where it has such a command; that it has no receiver (3) is no fault then.
notify() {
  local command=() severity=info nobody=0 status=0
  read -r -a command <<<"$PGVIGIL_NOTIFY_COMMAND"
  if ((!${#command[@]})); then
    command -v pgvigil >/dev/null && pgvigil notify event --help >/dev/null 2>&1 || return 0
    command=(pgvigil notify event)
    nobody=3
  fi
  if (($1)); then severity=critical; fi
  timeout 30 "${command[@]}" --title "$2" --severity "$severity" --label "program=$program" \
    --label "exit_status=$1" --label "host=${HOSTNAME:-unknown}" </dev/null >/dev/null 2>"$work/notify.log" || status=$?
  ((status == 0 || status == nobody)) ||
    warn "the notification was not delivered: $(tail -n 1 "$work/notify.log")"
}
