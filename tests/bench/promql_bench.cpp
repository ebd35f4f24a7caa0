// How long the engine takes: parsing, and a pack of alert rules over 10,000 series.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/promql/engine.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/parser.h"

namespace {

using namespace pgvigil::promql;

constexpr std::int64_t k_step_ms = 15'000;
constexpr std::int64_t k_now_ms = 1'700'000'000'000;
constexpr std::size_t k_samples = 241;  // an hour

/// Alert rules as they are written for Postgres: mostly instants, some rates and predictions.
constexpr std::array<std::string_view, 30> k_rules = {
    "pg_up == 0",
    "absent(pg_up)",
    "time() - pg_postmaster_start_time_seconds < 600",
    R"(sum by (instance) (pg_stat_activity_count{backend_type=~"client backend|"}) / on (instance) (max by (instance) (pg_settings_max_connections) - max by (instance) (pg_settings_superuser_reserved_connections)) > 0.80)",
    "pg_stat_database_numbackends / on (instance, datname) (pg_database_connection_limit > 0) > 0.80",
    R"(max by (instance, datname, usename) (pg_stat_activity_max_tx_duration{state=~"idle in transaction.*"}) > 300)",
    R"(max by (instance, datname, usename) (pg_stat_activity_max_tx_duration{state="active"}) > 3600)",
    "max by (instance, holder) (pg_xmin_horizon_age_xacts) > 5e7",
    "sum by (instance, datname) (pg_blocked_backends) > 5",
    R"(increase(pg_stat_database_deadlocks{datname!~"template.*|"}[15m]) > 0)",
    "sum by (instance) (pg_locks_count) / on (instance) (max by (instance) "
    "(pg_settings_max_locks_per_transaction) * on (instance) max by (instance) "
    "(pg_settings_max_connections)) > 0.5",
    "max by (instance, datname) (pg_database_wraparound_age) > on (instance) group_left () (1.5 * max by "
    "(instance) (pg_settings_autovacuum_freeze_max_age))",
    "max by (instance, datname) (pg_database_wraparound_age) / 2147483648 > 0.50",
    "(2147483648 - pg_database_wraparound_age) / (deriv(pg_database_wraparound_age[1h]) > 0) < 7 * 86400",
    "pg_stat_user_tables_n_dead_tup > 10000 and on (instance, datname, schemaname, relname) "
    "(pg_stat_user_tables_n_dead_tup > 3 * (pg_stat_user_tables_n_live_tup * on (instance) group_left () "
    "pg_settings_autovacuum_vacuum_scale_factor + on (instance) group_left () "
    "pg_settings_autovacuum_vacuum_threshold))",
    "pg_settings_autovacuum == 0 or pg_settings_track_counts == 0",
    "pg_table_bloat_ratio > 0.5 and on (instance, datname, schemaname, relname) pg_table_bloat_bytes > 5e9",
    "sum by (instance, datname) (rate(pg_stat_database_blks_hit[15m])) / (sum by (instance, datname) "
    "(rate(pg_stat_database_blks_hit[15m])) + sum by (instance, datname) "
    "(rate(pg_stat_database_blks_read[15m]))) < 0.90 and on (instance, datname) sum by (instance, datname) "
    "(rate(pg_stat_database_blks_read[15m])) > 200",
    R"(sum by (instance, datname) (rate(pg_stat_database_xact_rollback{datname!~"template.*|"}[10m])) / (sum by (instance, datname) (rate(pg_stat_database_xact_rollback{datname!~"template.*|"}[10m])) + sum by (instance, datname) (rate(pg_stat_database_xact_commit{datname!~"template.*|"}[10m]))) > 0.10)",
    R"(rate(pg_stat_database_temp_bytes{datname!~"template.*|"}[10m]) > 50 * 1024 * 1024)",
    "pg_replication_lag_seconds > 60 and on (instance) pg_replication_is_replica == 1",
    "max by (instance, application_name) (pg_stat_replication_pg_wal_lsn_diff) > 1073741824",
    "pg_replication_is_replica == 1 unless on (instance) pg_stat_wal_receiver_received_tli",
    "(count by (instance) (pg_stat_replication_pg_wal_lsn_diff{state=\"streaming\"}) or sum by (instance) "
    "(pg_replication_is_replica == 0)) < 1",
    "pg_replication_slots_active == 0",
    R"(pg_replication_slots_wal_status{wal_status=~"unreserved|lost"} == 1)",
    "changes(pg_replication_is_replica[10m]) > 0",
    R"(node_filesystem_avail_bytes{mountpoint=~"/pgdata.*"} / node_filesystem_size_bytes{mountpoint=~"/pgdata.*"} < 0.15)",
    R"(predict_linear(node_filesystem_avail_bytes{mountpoint=~"/pgdata.*"}[1h], 4 * 3600) < 0)",
    "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.05",
};

struct Metric {
  std::string_view name;
  std::size_t databases;  ///< series an instance: one for each database,
  std::size_t tables;     ///< or for each table of each database
};

/// 10 instances: 10,000 series, most of them of tables, as an exporter gives them.
constexpr std::array<Metric, 32> k_metrics = {{
    {"pg_up", 0, 0},
    {"pg_postmaster_start_time_seconds", 0, 0},
    {"pg_stat_activity_count", 40, 0},
    {"pg_settings_max_connections", 0, 0},
    {"pg_settings_superuser_reserved_connections", 0, 0},
    {"pg_settings_max_locks_per_transaction", 0, 0},
    {"pg_settings_autovacuum_freeze_max_age", 0, 0},
    {"pg_settings_autovacuum_vacuum_scale_factor", 0, 0},
    {"pg_settings_autovacuum_vacuum_threshold", 0, 0},
    {"pg_settings_autovacuum", 0, 0},
    {"pg_settings_track_counts", 0, 0},
    {"pg_stat_database_numbackends", 8, 0},
    {"pg_database_connection_limit", 8, 0},
    {"pg_stat_activity_max_tx_duration", 40, 0},
    {"pg_blocked_backends", 8, 0},
    {"pg_stat_database_deadlocks", 8, 0},
    {"pg_locks_count", 64, 0},
    {"pg_database_wraparound_age", 8, 0},
    {"pg_stat_user_tables_n_dead_tup", 8, 24},
    {"pg_stat_user_tables_n_live_tup", 8, 24},
    {"pg_table_bloat_ratio", 8, 24},
    {"pg_table_bloat_bytes", 8, 24},
    {"pg_stat_database_blks_hit", 8, 0},
    {"pg_stat_database_blks_read", 8, 0},
    {"pg_stat_database_xact_rollback", 8, 0},
    {"pg_stat_database_xact_commit", 8, 0},
    {"pg_stat_database_temp_bytes", 8, 0},
    {"pg_replication_lag_seconds", 0, 0},
    {"pg_replication_is_replica", 0, 0},
    {"pg_stat_replication_pg_wal_lsn_diff", 3, 0},
    {"node_filesystem_avail_bytes", 4, 0},
    {"node_filesystem_size_bytes", 4, 0},
}};

using LabelList = std::vector<std::pair<std::string, std::string>>;

void add_series(MemoryStorage& storage, LabelList labels, std::size_t seed) {
  std::vector<Point> points;
  points.reserve(k_samples);
  for (std::size_t i = 0; i < k_samples; ++i) {
    auto t = k_now_ms - static_cast<std::int64_t>(k_samples - 1 - i) * k_step_ms;
    points.push_back({t, static_cast<double>((seed * 7919 + i * (seed % 13 + 1)) % 100'000)});
  }
  storage.append(Labels::make(std::move(labels)), points);
}

void add_metric(MemoryStorage& storage, const Metric& metric, const std::string& instance) {
  LabelList labels = {{"__name__", std::string(metric.name)}, {"instance", instance}, {"job", "postgres"}};
  if (metric.databases == 0) return add_series(storage, labels, storage.size());
  constexpr std::array<std::string_view, 3> k_states = {"active", "idle", "idle in transaction"};
  for (std::size_t database = 0; database < metric.databases; ++database) {
    LabelList of_database = labels;
    of_database.emplace_back("datname", "database_" + std::to_string(database));
    of_database.emplace_back("state", k_states[database % k_states.size()]);
    of_database.emplace_back("backend_type", "client backend");
    of_database.emplace_back("mountpoint", database == 0 ? "/pgdata" : "/mnt/" + std::to_string(database));
    if (metric.tables == 0) add_series(storage, of_database, storage.size());
    for (std::size_t table = 0; table < metric.tables; ++table) {
      LabelList of_table = of_database;
      of_table.emplace_back("schemaname", "public");
      of_table.emplace_back("relname", "table_number_" + std::to_string(table));
      add_series(storage, of_table, storage.size());
    }
  }
}

const MemoryStorage& ten_thousand_series() {
  static const MemoryStorage* storage = [] {
    auto* filled = new MemoryStorage;
    for (std::size_t instance = 0; instance < 10; ++instance) {
      std::string name = "db-" + std::to_string(instance) + ".example.com:9187";
      for (const Metric& metric : k_metrics)
        add_metric(*filled, metric, name);
    }
    return filled;
  }();
  return *storage;
}

std::vector<ExprPtr> parsed_rules() {
  std::vector<ExprPtr> rules;
  for (std::string_view rule : k_rules)
    rules.push_back(std::move(*parse_expression(rule)));
  return rules;
}

void parse_1000_expressions(benchmark::State& state) {
  for (auto _ : state) {
    for (std::size_t i = 0; i < 1000; ++i)
      benchmark::DoNotOptimize(parse_expression(k_rules[i % k_rules.size()]));
  }
}
BENCHMARK(parse_1000_expressions)->Unit(benchmark::kMillisecond);

void rule_pack_over_10000_series(benchmark::State& state) {
  const MemoryStorage& storage = ten_thousand_series();
  std::vector<ExprPtr> rules = parsed_rules();
  for (auto _ : state) {
    for (const ExprPtr& rule : rules) {
      Expected<QueryResult> result = evaluate_instant(*rule, storage, k_now_ms);
      if (!result) state.SkipWithError(to_string(result.error()).c_str());
      benchmark::DoNotOptimize(result);
    }
  }
  state.counters["series"] = static_cast<double>(storage.size());
}
BENCHMARK(rule_pack_over_10000_series)->Unit(benchmark::kMillisecond);

void dashboard_range_query(benchmark::State& state) {
  const MemoryStorage& storage = ten_thousand_series();
  ExprPtr expr =
      std::move(*parse_expression("sum by (instance, datname) (rate(pg_stat_database_xact_commit[5m]))"));
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate_range(*expr, storage, k_now_ms - 3'600'000, k_now_ms, k_step_ms));
  }
}
BENCHMARK(dashboard_range_query)->Unit(benchmark::kMillisecond);

void every_series_selected(benchmark::State& state) {
  const MemoryStorage& storage = ten_thousand_series();
  ExprPtr expr = std::move(*parse_expression(R"(count by (__name__) ({instance=~"db-.*"}))"));
  for (auto _ : state)
    benchmark::DoNotOptimize(evaluate_instant(*expr, storage, k_now_ms));
}
BENCHMARK(every_series_selected)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
