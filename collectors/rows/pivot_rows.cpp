#include "collectors/rows/pivot_rows.h"

#include "collectors/model/table_builder.h"

namespace pgvigil::collectors {

PivotRows::PivotRows(const Plan& plan, const CollectLimits& limits)
    : PlanRows(plan, limits), schema_(std::make_shared<TableSchema>()) {
  // A pivot's only label can be the server: its rows are metrics.
  for (const MetricDefinition* metric : plan.metrics)
    if (schema_->labels.empty() && !labels_of(*metric, plan.generation).empty())
      schema_->labels.push_back(*LabelName::parse(k_server_label));
}

void PivotRows::row(const Row& row) {
  if (is_skipped(row)) {
    ++left_out_.skipped;
    return;
  }
  for (std::size_t i = 0; i < plan_.metrics.size(); ++i)
    if (const auto value = reader_.value(row, i)) add(*plan_.metrics[i], row, *value);
}

Table PivotRows::finish(Timestamp taken_at) {
  TableBuilder builder(schema_, limits_.max_series);
  builder.add_row();
  for (std::size_t i = 0; i < values_.size(); ++i)
    builder.set_value(i, values_[i]);
  builder.count(left_out_);
  return std::move(builder).finish(taken_at);
}

void PivotRows::take_back_rows() {
  for (; values_.size() > marked_; values_.pop_back()) {
    names_.erase(schema_->metrics.back().name.text());
    schema_->metrics.pop_back();
  }
}

void PivotRows::add(const MetricDefinition& metric, const Row& row, double value) {
  MetricName name = MetricName::from(filled(metric.name, row));
  if (values_.size() >= limits_.max_series) {
    ++left_out_.over_limit;
  } else if (!names_.insert(name.text()).second) {
    ++left_out_.duplicates;
  } else {
    std::vector<std::uint16_t> labels(schema_->labels.size());
    schema_->metrics.push_back(
        {std::move(name), metric.type, metric.unit, filled(metric.help, row), std::move(labels)});
    values_.push_back(value);
  }
}

std::string PivotRows::filled(std::string_view pattern, const Row& row) const {
  std::string text;
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) break;
    text += pattern.substr(0, open);
    if (const auto column = columns_.position_of(pattern.substr(open + 1, close - open - 1)))
      text += row.text(*column).value_or("");
    pattern.remove_prefix(close + 1);
  }
  return text + std::string(pattern);
}

}  // namespace pgvigil::collectors
