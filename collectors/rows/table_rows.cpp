#include "collectors/rows/table_rows.h"

#include <algorithm>

namespace pgvigil::collectors {

TableRows::TableRows(const Plan& plan, const CollectLimits& limits)
    : PlanRows(plan, limits), labels_(plan, columns_, limits), builder_(plan.raw_schema, most_series()) {}

void TableRows::row(const Row& row) {
  if (is_skipped(row)) return builder_.count({.skipped = 1});
  if (labels_.is_filtered(row)) return builder_.count({.filtered = 1});
  builder_.add_row();
  for (std::size_t i = 0; i < plan_.raw_schema->labels.size(); ++i)
    if (const auto text = labels_.text(row, i)) builder_.set_label(i, *text);
  for (std::size_t i = 0; i < plan_.values.size(); ++i)
    if (const auto value = reader_.value(row, i)) builder_.set_value(i, *value);
}

bool TableRows::keep(const Table& older,
                     std::string_view label,
                     const std::function<bool(std::string_view)>& stays) {
  const auto& labels = plan_.schema->labels;
  const auto place = std::ranges::find(labels, label, &LabelName::text);
  // A table with columns that only the stages look at cannot be made of a published one.
  const bool is_same = plan_.raw_schema == plan_.schema && &older.schema() == plan_.schema.get();
  if (!is_same || place == labels.end()) return false;
  const auto column = static_cast<std::size_t>(place - labels.begin());
  for (std::size_t row = 0; row < older.rows(); ++row)
    if (stays(older.label(row, column))) copy(older, row);
  builder_.count(older.left_out());
  return true;
}

void TableRows::copy(const Table& older, std::size_t row) {
  builder_.add_row();
  for (std::size_t i = 0; i < plan_.schema->labels.size(); ++i)
    builder_.set_label(i, older.label(row, i));
  for (std::size_t i = 0; i < plan_.schema->metrics.size(); ++i)
    if (const auto value = older.value(row, i)) builder_.set_value(i, *value);
}

}  // namespace pgvigil::collectors
