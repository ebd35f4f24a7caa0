# shellcheck shell=bash disable=SC2154  # variables of deploy/demo and lib.sh
# What `deploy/demo --check` asserts. Sourced by deploy/demo.

failures=0
scraped_seconds=60 # how long Prometheus must have scraped without a fault

# expect <sentence> <command> [argument...]: one assertion, one line. What a failed command printed follows it.
expect() {
  local output
  if output=$("${@:2}" 2>&1); then
    echo "ok    $1"
  else
    echo "FAIL  $1"
    [[ -z $output ]] || echo "      ${output//$'\n'/$'\n'      }"
    failures=$((failures + 1))
  fi
}

# Asks Prometheus: succeeds where the expression, a comparison, has a result.
holds() {
  get "$prometheus_url/api/v1/query" --get --data-urlencode "query=$1" |
    jq -e '.data.result | length > 0' >/dev/null || {
    echo "not true in Prometheus: $1"
    return 1
  }
}

# expect_metric <sentence> <expression>
expect_metric() {
  expect "$1" holds "$2"
}

run_checks() {
  step "Prometheus scrapes pgvigil for $scraped_seconds s" \
    wait_until "$(seconds_left)" holds "count_over_time(up{job=\"pgvigil\"}[5m]) > $scraped_seconds / $scrape_interval"
  check_scrapes
  check_server_metrics
  check_payments_metrics
  check_backup
  check_alerts
  check_incident locks
  check_incident backup
  check_processes
  if ((failures)); then
    echo "$failures assertions failed"
    return 1
  fi
  echo 'all assertions hold'
}

check_scrapes() {
  get "$pgvigil_url/metrics" --output "$logs/metrics.txt" || true
  expect '/metrics answers' test -s "$logs/metrics.txt"
  expect "promtool finds no fault but the suffixes of postgres_exporter's names" lint_metrics
  expect_metric 'every scrape by Prometheus succeeded' 'min_over_time(up{job="pgvigil"}[5m]) == 1'
  expect_metric 'every scrape had samples' 'min_over_time(scrape_samples_scraped{job="pgvigil"}[5m]) > 100'
  expect 'Prometheus reports no scrape error' no_scrape_error
  expect 'Prometheus logged no warning' no_warnings "$logs/prometheus.log"
}

# promtool's exit status is 0, 3 where it only dislikes names, or 1. The names of postgres_exporter, kept for the
# dashboards that use them, break its rules on suffixes; that much is allowed, and only to them.
lint_metrics() {
  local findings status=0
  findings=$(promtool check metrics <"$logs/metrics.txt" 2>&1) || status=$?
  if ((status != 0 && status != 3)); then
    echo "$findings"
    return 1
  fi
  ! grep -vE '^$|^pg_[a-z_]+ (non-)?(counter|histogram and non-summary) metrics should (not )?have "_[a-z]+" suffix$' \
    <<<"$findings"
}

no_scrape_error() {
  get "$prometheus_url/api/v1/targets" | jq -e '
    .data.activeTargets | length == 1 and all(.[]; .health == "up" and .lastError == "")'
}

no_warnings() {
  ! grep -E 'level=(warn|error)' "$1"
}

check_server_metrics() {
  expect_metric 'pg_up was 1 throughout' 'min_over_time(pg_up[1m]) == 1'
  expect_metric 'the server is no replica' 'pg_replication_is_replica == 0'
  expect_metric 'settings: 40 connections' 'pg_settings_max_connections == 40'
  expect_metric 'roles: 5 connections for pgvigil' 'pg_roles_connection_limit{rolname="pgvigil"} == 5'
  expect_metric 'the background writer allocates buffers' 'pg_stat_bgwriter_buffers_alloc_total > 0'
  expect_metric 'there are WAL segments' 'pg_wal_segments > 0'
  expect_metric 'pgvigil measures itself' 'count({__name__=~"pgvigil_.+"}) > 10'
}

# The numbers are those of the sample and its workload.
check_payments_metrics() {
  local transactions_table='datname="payments",schemaname="public",relname="transactions"'
  expect_metric 'payments is as big as its rows' \
    "pg_database_size_bytes{datname=\"payments\"} > 500 * $transactions"
  expect_metric 'payments commits' \
    "increase(pg_stat_database_xact_commit{datname=\"payments\"}[1m]) > 30 * $workload_rate"
  expect_metric 'payments reads from its buffers' \
    'increase(pg_stat_database_blks_hit{datname="payments"}[1m]) > 1000'
  expect_metric 'the workload is connected' \
    'sum(pg_stat_activity_count{datname="payments",usename="payments_app"}) >= 1'
  expect_metric 'locks are counted by mode' 'count(pg_locks_count{datname="payments"}) >= 8'
  expect_metric 'eight tables are measured' \
    'count(pg_stat_user_tables_n_live_tup{datname="payments",schemaname="public"}) == 8'
  expect_metric "transactions has its $transactions rows and the new ones" \
    "pg_stat_user_tables_n_live_tup{$transactions_table} >= 0.98 * $transactions < 1.1 * $transactions + 5000"
  expect_metric 'transactions grows' "increase(pg_stat_user_tables_n_tup_ins{$transactions_table}[1m]) > 0"
  expect_metric 'transactions lacks indexes: it is scanned' \
    "increase(pg_stat_user_tables_seq_scan{$transactions_table}[1m]) > 0"
  expect_metric 'transactions is found in the buffers' "pg_statio_user_tables_heap_blocks_hit{$transactions_table} > 0"
}

check_backup() {
  expect 'the backup has every database and the globals' backup_complete
  expect 'compression saves at least 60 % of the payments dump' saved_at_least 60
  expect 'the restore drill passed in under two minutes' drill_passed 120
}

backup_complete() {
  backup_manifest | jq -e '.databases_expected == ["payments", "postgres"] and (.files | length) == 3'
}

saved_at_least() { # <percent>
  local saved
  saved=$(saved_by_compression)
  echo "saved: $saved %"
  ((saved >= $1))
}

drill_passed() { # <seconds>
  drill_result | jq -e --argjson limit "$1" '.outcome == "passed" and .restore_seconds + .check_seconds < $limit'
}

# What fires on a healthy server: the watchdog, and for ten minutes that the server was started.
check_alerts() {
  expect 'rules are evaluated, and none fails' rules_are_evaluated
  expect 'nothing fires but the watchdog' only_the_watchdog
  expect 'the backup is recoverable, and its restore was rehearsed' backup_is_proven
}

rules_are_evaluated() {
  get "$pgvigil_url/api/v1/rules" | jq -e '
    [.data.groups[].rules[]] | length > 50 and all(.[]; .health != "err") and any(.[]; .health == "ok")'
}

only_the_watchdog() {
  local alerts
  alerts=$(get "$pgvigil_url/api/v1/alerts" | jq -r '.data.alerts[] | select(.state == "firing") | .labels.alertname' | sort -u)
  echo "firing: ${alerts//$'\n'/, }"
  grep -qx Watchdog <<<"$alerts" && ! grep -vxE 'Watchdog|PostgresRestarted' <<<"$alerts"
}

backup_is_proven() {
  wait_until 30 judged 'pgvigil_backup_recoverable == 1 and on (backup) pgvigil_backup_restore_drill_passed == 1' ||
    get "$pgvigil_url/api/v1/query" --get --data-urlencode 'query={__name__=~"pgvigil_backup_(verdict|finding)"}'
}

# Asks pgvigil itself.
judged() {
  get "$pgvigil_url/api/v1/query" --get --data-urlencode "query=$1" | jq -e '.data.result | length > 0' >/dev/null
}

check_incident() { # <name>
  expect "the incident '$1' is told, and so is its end" incident_is_told "$1"
}

incident_is_told() { # <name>
  local output
  output=$(PGVIGIL_DEMO=$home run_interruptible "$here/demo" incident "$1") || { echo "$output" && return 1; }
  grep -F '[FIRING:1]' <<<"$output" && grep -F '[RESOLVED]' <<<"$output"
}

check_processes() {
  expect 'pgvigil holds at most two sessions' at_most_two_sessions
  expect 'everything started is still running' require_services
  expect 'no client of the workload gave up' workload_complete
}

at_most_two_sessions() {
  local sessions
  sessions=$(sql postgres postgres --tuples-only --no-align \
    --command="select count(*) from pg_stat_activity where usename = 'pgvigil'")
  echo "sessions: $sessions"
  ((sessions <= 2))
}

workload_complete() {
  ! grep -E 'aborted|ERROR' "$logs/workload.log"
}
