#include "rules/advice/evidence.h"

#include <algorithm>
#include <memory>

#include "collectors/model/table_builder.h"

namespace pgvigil::rules::advice {

void Evidence::row(const Labels& labels) {
  if (rows_.empty())
    for (const auto& [name, text] : labels)
      if (auto label = LabelName::parse(name)) schema_.labels.push_back(std::move(*label));
  Row& added = rows_.emplace_back();
  for (const auto& [name, text] : labels)
    added.labels.emplace_back(text);
}

std::size_t Evidence::column_of(const Metric& metric) {
  const auto found = std::ranges::find(schema_.metrics, metric.name, &Metric::name);
  if (found != schema_.metrics.end()) return static_cast<std::size_t>(found - schema_.metrics.begin());
  schema_.metrics.push_back(metric);
  return schema_.metrics.size() - 1;
}

void Evidence::take(const Table& table, std::size_t row, std::initializer_list<std::string_view> metrics) {
  for (const std::string_view name : metrics)
    for (std::size_t i = 0; i < table.schema().metrics.size(); ++i)
      if (const Metric& metric = table.schema().metrics[i]; metric.name.text() == name) {
        const std::size_t column = column_of(metric);
        if (const auto value = table.value(row, i)) rows_.back().cells.push_back({column, *value});
      }
}

Table Evidence::finish(Timestamp taken_at) && {
  for (Metric& metric : schema_.metrics) {
    metric.labels.clear();
    for (std::size_t i = 0; i < schema_.labels.size(); ++i)
      metric.labels.push_back(static_cast<std::uint16_t>(i));
  }
  const auto schema = std::make_shared<const TableSchema>(std::move(schema_));
  TableBuilder builder(schema, rows_.size() * std::max<std::size_t>(schema->metrics.size(), 1));
  for (const Row& row : rows_) {
    builder.add_row();
    for (std::size_t i = 0; i < schema->labels.size() && i < row.labels.size(); ++i)
      builder.set_label(i, row.labels[i]);
    for (const Cell& cell : row.cells)
      builder.set_value(cell.metric, cell.value);
  }
  return std::move(builder).finish(taken_at);
}

}  // namespace pgvigil::rules::advice
