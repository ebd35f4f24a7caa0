// What history costs: bytes a sample on data shaped like a busy Postgres's, and the speed of append and read.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "rules/history/history.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

namespace {

using namespace pgvigil;
using namespace pgvigil::rules;

constexpr std::int64_t k_step_ms = 15'000;
constexpr std::int64_t k_start_ms = 1'700'000'000'000;
constexpr std::size_t k_ticks = 240;  // an hour

/// How a series of a busy database moves: counters of a workload with noise, counts of sessions, sizes, ages,
/// ratios, and settings that never change.
enum class Shape { counter, slow_counter, count, size, age, setting };
constexpr Shape k_shapes[] = {Shape::counter, Shape::slow_counter, Shape::count,   Shape::count,
                              Shape::size,    Shape::age,          Shape::setting, Shape::counter};

/// One database in `databases` is busy, as the demo's payments among postgres and the templates; the others
/// do not move.
class Workload {
 public:
  Workload(std::size_t series, std::size_t databases) : databases_(databases) {
    for (std::size_t i = 0; i < series; ++i) {
      readings_.push_back(
          {promql::Labels::make({{"__name__", "pg_metric_" + std::to_string(i % 40)},
                                 {"datname", "database_" + std::to_string(i / 40 % databases_)},
                                 {"relname", "table_number_" + std::to_string(i / 320)},
                                 {"instance", "db-1.example.com:9187"}}),
           i % 8 == 6 ? 128.0 : double(random_() % 1'000'000)});
    }
  }

  std::span<const Reading> next() {
    for (std::size_t i = 0; i < readings_.size(); ++i) {
      if (i / 40 % databases_ != 0) continue;
      double& value = readings_[i].value;
      switch (k_shapes[i % std::size(k_shapes)]) {
        case Shape::counter:
          value += double(1500 + random_() % 300);
          break;
        case Shape::slow_counter:
          value += random_() % 10 == 0 ? 1 : 0;
          break;
        case Shape::count:
          value = double(random_() % 4 == 0 ? random_() % 12 : std::uint64_t(value) % 12);
          break;
        case Shape::size:
          value += random_() % 20 == 0 ? 8192.0 : 0;
          break;
        case Shape::age:
          value = std::round((value + 15.0 + double(random_() % 1000) / 1e4) * 1000) / 1000;
          break;
        case Shape::setting:
          break;
      }
    }
    return readings_;
  }

 private:
  std::mt19937 random_{42};
  std::size_t databases_;
  std::vector<Reading> readings_;
};

History an_hour(std::size_t series, std::size_t databases) {
  History history({.retention = std::chrono::hours{2}, .max_bytes = Bytes{1'000'000'000}});
  Workload workload(series, databases);
  for (std::size_t i = 0; i < k_ticks; ++i)
    history.append("collector", k_start_ms + std::int64_t(i) * k_step_ms, 0, workload.next());
  return history;
}

constexpr std::size_t k_databases = 4;

/// With 4 databases, as the demo has; with 1, the worst: every series moves.
void append_2000_series(benchmark::State& state) {
  HistoryFigures figures;
  for (auto _ : state) {
    const History history = an_hour(2000, static_cast<std::size_t>(state.range(0)));
    figures = history.figures();
  }
  const auto samples = double(figures.samples);
  state.counters["bytes_a_sample"] = double(figures.chunk_memory.count) / samples;
  state.counters["with_labels"] = double(figures.memory.count) / samples;
  state.counters["seconds_a_sample"] = benchmark::Counter(
      samples, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(append_2000_series)->Arg(4)->Arg(1)->Unit(benchmark::kMillisecond);

void read_an_hour_of_2000_series(benchmark::State& state) {
  const History history = an_hour(2000, k_databases);
  const auto matchers = promql::parse_selector(R"({__name__=~"pg_.*"})");
  for (auto _ : state)
    benchmark::DoNotOptimize(
        history.select(*matchers, k_start_ms, k_start_ms + std::int64_t(k_ticks) * k_step_ms));
  state.counters["seconds_a_sample"] =
      benchmark::Counter(double(history.figures().samples),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(read_an_hour_of_2000_series)->Unit(benchmark::kMillisecond);

void rate_of_one_metric(benchmark::State& state) {
  const History history = an_hour(2000, k_databases);
  const auto expr = promql::parse_expression("sum by (datname) (rate(pg_metric_0[15m]))");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        promql::evaluate_instant(**expr, history, k_start_ms + std::int64_t(k_ticks) * k_step_ms));
  }
}
BENCHMARK(rate_of_one_metric)->Unit(benchmark::kMicrosecond);

void write_and_load(benchmark::State& state) {
  const History history = an_hour(2000, k_databases);
  std::size_t size = 0;
  for (auto _ : state) {
    const std::string bytes = history.serialised();
    size = bytes.size();
    benchmark::DoNotOptimize(History::load(bytes, {.max_bytes = Bytes{1'000'000'000}}));
  }
  state.counters["bytes"] = double(size);
}
BENCHMARK(write_and_load)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
