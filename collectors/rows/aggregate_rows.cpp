#include "collectors/rows/aggregate_rows.h"

#include <algorithm>
#include <tuple>

namespace pgvigil::collectors {

AggregateRows::AggregateRows(const Plan& plan, const CollectLimits& limits)
    : PlanRows(plan, limits), labels_(plan, columns_, limits) {
  for (std::size_t i = 0; i < plan.values.size(); ++i) {
    const auto& columns = plan.raw_schema->metrics[i].labels;
    auto found = std::ranges::find(groupings_, columns, &Grouping::labels);
    if (found == groupings_.end()) found = groupings_.insert(groupings_.end(), Grouping{columns, {}, {}});
    found->metrics.push_back(i);
  }
}

void AggregateRows::row(const Row& row) {
  if (is_skipped(row)) {
    ++left_out_.skipped;
  } else if (labels_.is_filtered(row)) {
    ++left_out_.filtered;
  } else {
    for (Grouping& grouping : groupings_)
      add(grouping, row);
  }
}

Table AggregateRows::finish(Timestamp taken_at) {
  TableBuilder builder(plan_.raw_schema, most_series());
  for (const Grouping& grouping : groupings_)
    for (const auto& [key, values] : grouping.groups)
      add_group(builder, grouping, key, values);
  builder.count(left_out_);
  return std::move(builder).finish(taken_at);
}

void AggregateRows::take_back_rows() {
  std::tie(groupings_, series_) = marked_;
}

void AggregateRows::add(Grouping& grouping, const Row& row) {
  std::string key;
  for (const std::uint16_t label : grouping.labels)
    key.append(labels_.text(row, label).value_or("")) += '\0';
  for (std::size_t i = 0; i < grouping.metrics.size(); ++i) {
    const auto value = reader_.value(row, grouping.metrics[i]);
    if (!value) continue;
    auto place = grouping.groups.find(key);
    if (place == grouping.groups.end()) {
      if (series_ >= most_series()) {
        ++left_out_.over_limit;
        return;
      }
      place = grouping.groups.try_emplace(key, grouping.metrics.size()).first;
    }
    std::optional<double>& sum = place->second[i];
    if (!sum) ++series_;
    const std::size_t metric = grouping.metrics[i];
    const bool is_max = metric < plan_.metrics.size() && plan_.metrics[metric]->aggregate == Aggregate::max;
    sum = !sum ? *value : is_max ? std::max(*sum, *value) : *sum + *value;
  }
}

void AggregateRows::add_group(TableBuilder& builder,
                              const Grouping& grouping,
                              std::string_view key,
                              const std::vector<std::optional<double>>& values) {
  builder.add_row();
  for (const std::uint16_t label : grouping.labels) {
    builder.set_label(label, key.substr(0, key.find('\0')));
    key.remove_prefix(key.find('\0') + 1);
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) builder.set_value(grouping.metrics[i], *values[i]);
}

}  // namespace pgvigil::collectors
