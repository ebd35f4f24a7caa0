#include "collectors/model/table_editor.h"

#include <bit>

namespace pgvigil {

void TableEditor::set_value(std::size_t row, std::size_t metric, std::optional<double> value) {
  auto& column = table_.metrics_[metric];
  auto& word = column.present[row / 64];
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  if (column.has(row)) --table_.series_;
  if (value) ++table_.series_;
  column.cells[row] = value.value_or(0);
  word = value ? word | bit : word & ~bit;
}

void TableEditor::narrow_to(std::shared_ptr<const TableSchema> schema) {
  while (table_.metrics_.size() > schema->metrics.size()) {
    for (const std::uint64_t word : table_.metrics_.back().present)
      table_.series_ -= static_cast<std::size_t>(std::popcount(word));
    table_.metrics_.pop_back();
  }
  table_.schema_ = std::move(schema);
}

void TableEditor::keep_first(std::size_t most) {
  if (table_.series_ <= most) return;
  table_.left_out_.over_total += table_.series_ - most;
  std::size_t row = 0;
  for (std::size_t kept = 0; row < table_.rows_ && kept < most; ++row)
    for (std::size_t metric = 0; metric < table_.metrics_.size(); ++metric)
      if (table_.has(row, metric) && ++kept > most) set_value(row, metric, std::nullopt);
  for (auto& column : table_.labels_)
    column.resize(row);
  for (auto& column : table_.metrics_) {
    column.cells.resize(row);
    column.present.resize((row + 63) / 64);
    if (row % 64 != 0) column.present.back() &= (std::uint64_t{1} << (row % 64)) - 1;
  }
  table_.rows_ = row;
  table_.series_ = most;
}

}  // namespace pgvigil
