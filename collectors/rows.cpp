#include "collectors/rows.h"

#include <algorithm>

#include "collectors/rows/aggregate_rows.h"
#include "collectors/rows/pivot_rows.h"
#include "collectors/rows/table_rows.h"

namespace pgvigil::collectors {
namespace {

/// A series costs some 10 bytes here. Beyond this many the server has more to worry about than we can list.
constexpr std::size_t k_most_series = 10'000'000;

}  // namespace

bool PlanRows::keep(const Table& /*older*/,
                    std::string_view /*label*/,
                    const std::function<bool(std::string_view)>& /*stays*/) {
  return false;
}

std::expected<void, Error> PlanRows::begin(std::span<const std::string_view> names) {
  columns_.assign(names, *plan_.definition);
  skip_column_.reset();
  if (!plan_.definition->skip_when.empty()) {
    const auto column = columns_.require(plan_.definition->skip_when, plan_);
    if (!column) return std::unexpected(column.error());
    skip_column_ = *column;
  }
  if (auto begun = reader_.begin(); !begun) return begun;
  return map_columns();
}

std::size_t PlanRows::most_series() const {
  return plan_.definition->top ? std::max(k_most_series, limits_.max_series) : limits_.max_series;
}

std::unique_ptr<PlanRows> make_rows(const Plan& plan, const CollectLimits& limits) {
  if (plan.definition->pivot) return std::make_unique<PivotRows>(plan, limits);
  const auto has_aggregate = [](const auto* metric) { return metric->aggregate != Aggregate::none; };
  if (std::ranges::any_of(plan.metrics, has_aggregate)) return std::make_unique<AggregateRows>(plan, limits);
  return std::make_unique<TableRows>(plan, limits);
}

}  // namespace pgvigil::collectors
