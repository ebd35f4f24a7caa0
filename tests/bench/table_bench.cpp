// How much memory a table of 100,000 rows and 20 values takes, and how fast it is built, printed and
// deflated. The target of the design: 100,000 relations with 20 values each within 40 MB.

#include <benchmark/benchmark.h>

#include <string>

#include "agent/watching/exposition/exposition.h"
#include "agent/watching/exposition/fragment.h"
#include "collectors/model/table_builder.h"

namespace {

using namespace pgvigil;

constexpr std::size_t k_values = 20;

std::shared_ptr<const TableSchema> schema() {
  auto made = std::make_shared<TableSchema>();
  for (const char* label : {"datname", "schemaname", "relname"})
    made->labels.push_back(*LabelName::parse(label));
  for (std::size_t i = 0; i < k_values; ++i)
    made->metrics.push_back({MetricName::from("pg_stat_user_tables_value_" + std::to_string(i)),
                             MetricType::gauge,
                             Unit::none,
                             "One of twenty values of a relation.",
                             {0, 1, 2}});
  return made;
}

Table build(std::size_t rows) {
  TableBuilder builder(schema(), rows * k_values);
  for (std::size_t row = 0; row < rows; ++row) {
    builder.add_row();
    builder.set_label(0, "payments");
    builder.set_label(1, "tenant_" + std::to_string(row % 100));
    builder.set_label(2, "transactions_partition_" + std::to_string(row));
    for (std::size_t i = 0; i < k_values; ++i)
      builder.set_value(i, static_cast<double>(row * i) * 1.25);
  }
  return std::move(builder).finish({});
}

void build_table(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const Table table = build(rows);
    bytes = table.memory().count;
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["table_MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["bytes_per_value"] = static_cast<double>(bytes) / static_cast<double>(rows * k_values);
  state.counters["values_per_s"] =
      benchmark::Counter(static_cast<double>(rows * k_values), benchmark::Counter::kIsIterationInvariantRate);
}

void print_table(benchmark::State& state) {
  const Table table = build(static_cast<std::size_t>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    agent::render(table, agent::Format::text, "", [&](std::string_view piece) { bytes += piece.size(); });
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["text_MB"] = static_cast<double>(bytes) / 1e6;
}

void print_and_deflate_table(benchmark::State& state) {
  const Table table = build(static_cast<std::size_t>(state.range(0)));
  std::size_t text = 0;
  std::size_t deflated = 0;
  for (auto _ : state) {
    agent::FragmentWriter writer;
    agent::render(table, agent::Format::text, "", [&](std::string_view piece) { writer.append(piece); });
    const agent::Fragment fragment = std::move(writer).finish();
    text = fragment.length;
    deflated = fragment.deflated.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text) * state.iterations());
  state.counters["deflated_MB"] = static_cast<double>(deflated) / 1e6;
}

BENCHMARK(build_table)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(print_table)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(print_and_deflate_table)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
