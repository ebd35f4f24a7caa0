// The table that a Top gives: the rows with a series of their own, and the "other" of each group.

#include <cmath>
#include <utility>

#include "collectors/model/table_builder.h"
#include "collectors/stages/top_run.h"

namespace pgvigil::collectors {
namespace {

constexpr std::string_view k_other = "other";

}  // namespace

Table Top::build(Run& run) {
  const Table& table = run.table;
  TableBuilder builder(table.shared_schema(), plan_.max_series);
  LeftOut left_out = table.left_out();
  left_out.aggregated += run.others;
  builder.count(left_out);
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (!run.ranked[row] || seat(run, row).taken) add_row(run, row, builder);
  for (auto& [labels, group] : groups_)
    if (group.is_wanted) add_other(run, group, builder);
  return std::move(builder).finish(table.taken_at());
}

void Top::add_row(const Run& run, std::size_t row, TableBuilder& builder) const {
  const Table& table = run.table;
  builder.add_row();
  for (std::size_t label = 0; label < table.schema().labels.size(); ++label)
    builder.set_label(label, table.label(row, label));
  for (std::size_t metric = 0; metric < table.schema().metrics.size(); ++metric)
    if (const auto value = table.value(row, metric)) builder.set_value(metric, *value);
  if (!run.ranked[row]) return;
  const auto* own = rows_->own(run.rows[row]);
  if (own == nullptr) return;
  for (std::size_t i = 0; i < counters_.size(); ++i)
    if (table.has(row, counters_[i])) builder.set_value(counters_[i], (*own)[i]);
}

void Top::add_other(const Run& run, Group& group, TableBuilder& builder) const {
  const Table& table = run.table;
  builder.add_row();
  for (const std::size_t label : plan_.same)
    builder.set_label(label, table.label(0, label));
  for (std::size_t i = 0; i < plan_.groups.size(); ++i)
    builder.set_label(plan_.groups[i], group.labels[i]);
  for (const std::size_t label : plan_.merged)
    builder.set_label(label, k_other);
  // Nobody can tell what a series grew by before its first sample: it begins at 0, and tells the rest in the
  // next.
  for (std::size_t i = 0; i < counters_.size(); ++i)
    if (group.counted[i]) builder.set_value(counters_[i], group.is_shown ? group.total[i] : 0);
  group.is_shown = true;
  for (std::size_t metric = 0; metric < plan_.other.size(); ++metric)
    if (table.schema().metrics[metric].type != MetricType::counter && !std::isnan(group.gauges[metric]))
      builder.set_value(metric, group.gauges[metric]);
}

}  // namespace pgvigil::collectors
