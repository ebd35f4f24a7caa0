// How long the engine takes: parsing, and the shipped rules over 10,000 series.
#include <benchmark/benchmark.h>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/label_set.h"
#include "rules/promql/engine.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/parser.h"
#include "rules/rule_file.h"

namespace {

using namespace pgvigil::promql;
namespace rules = pgvigil::rules;

constexpr std::int64_t k_step_ms = 15'000;
constexpr std::int64_t k_now_ms = 1'700'000'000'000;
constexpr std::size_t k_samples = 241;  // an hour

/// The shipped rules that are on.
const std::vector<rules::Rule>& shipped_rules() {
  static const std::vector<rules::Rule> shipped = [] {
    auto book = rules::load_rules(rules::shipped_rule_files(), {});
    std::erase_if(book->rules, [](const rules::Rule& rule) { return !rule.enabled; });
    return std::move(book->rules);
  }();
  return shipped;
}

struct Metric {
  std::string name;
  std::size_t databases = 0;  ///< series an instance: one for each database,
  std::size_t tables = 0;     ///< or for each table of each database
};

/// Every metric that the rules read, as many series of it as a large server gives.
std::vector<Metric> read_metrics() {
  std::set<std::string> names;
  for (const rules::Rule& rule : shipped_rules()) {
    for_each_expression(*rule.expr.tree, [&](const Expr& expr) {
      if (const auto* selector = expr.as<VectorSelector>()) names.insert(rules::metric_of(*selector));
      if (const auto* range = expr.as<MatrixSelector>()) names.insert(rules::metric_of(range->vector));
    });
  }
  std::vector<Metric> metrics;
  for (const std::string& name : names) {
    if (name.starts_with("pg_stat_user_tables_"))
      metrics.push_back({name, 8, 45});
    else
      metrics.push_back({name, name.starts_with("pg_settings_") || name == "pg_up" ? 0U : 8U, 0});
  }
  return metrics;
}

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
      for (const Metric& metric : read_metrics())
        add_metric(*filled, metric, name);
    }
    return filled;
  }();
  return *storage;
}

void parse_1000_expressions(benchmark::State& state) {
  for (auto _ : state) {
    for (std::size_t i = 0; i < 1000; ++i)
      benchmark::DoNotOptimize(parse_expression(shipped_rules()[i % shipped_rules().size()].expr.text));
  }
}
BENCHMARK(parse_1000_expressions)->Unit(benchmark::kMillisecond);

void shipped_rules_over_10000_series(benchmark::State& state) {
  const MemoryStorage& storage = ten_thousand_series();
  for (auto _ : state) {
    for (const rules::Rule& rule : shipped_rules()) {
      Expected<QueryResult> result = evaluate_instant(*rule.expr.tree, storage, k_now_ms);
      if (!result) state.SkipWithError(to_string(result.error()).c_str());
      benchmark::DoNotOptimize(result);
    }
  }
  state.counters["series"] = static_cast<double>(storage.size());
  state.counters["rules"] = static_cast<double>(shipped_rules().size());
}
BENCHMARK(shipped_rules_over_10000_series)->Unit(benchmark::kMillisecond);

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
