// Any text as a PromQL query over a few series: a result or an error, never a crash, never long; and what
// parses prints as what parses to the same.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/explain/explain.h"
#include "rules/promql/engine.h"
#include "rules/promql/limits.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

using namespace pgvigil::promql;

namespace {

const MemoryStorage& few_series() {
  static const MemoryStorage* storage = [] {
    auto* filled = new MemoryStorage;
    for (const char* name : {"a", "b", "up"}) {
      for (const char* job : {"x", "y"}) {
        std::vector<Point> points;
        for (int i = 0; i < 20; ++i)
          points.push_back({i * 15'000, i % 7 == 6 ? stale_marker() : i * 1.5});
        filled->append(Labels::make({{"__name__", name}, {"job", job}, {"le", "1"}}), points);
      }
    }
    return filled;
  }();
  return *storage;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto expr = parse_expression(text);
  if (!expr) return 0;
  const std::string printed = to_string(**expr);
  const auto again = parse_expression(printed);
  // It may be longer than a query may be: its spaces are the printer's.
  if (again ? to_string(**again) != printed : printed.size() <= Limits{}.query_bytes) __builtin_trap();
  QueryOptions options;
  options.limits.samples = 100'000;
  options.limits.samples_scanned = 1'000'000;
  (void)evaluate_instant(**expr, few_series(), 200'000, options);
  (void)pgvigil::rules::explain(**expr, {.storage = few_series(), .options = options}, 200'000);
  (void)evaluate_range(**expr, few_series(), 0, 300'000, 30'000, options);
  return 0;
}
