#include "collectors/text_rows.h"

#include <algorithm>

namespace pgvigil::collectors {

void TextRows::declare(std::string_view column) {
  if (std::ranges::find(columns_, column) == columns_.end()) columns_.emplace_back(column);
}

void TextRows::set(std::string_view column, Cell text) {
  const auto found = std::ranges::find(columns_, column);
  const auto position = static_cast<std::size_t>(found - columns_.begin());
  if (found == columns_.end()) columns_.emplace_back(column);
  auto& row = rows_.back();
  if (row.size() <= position) row.resize(position + 1);
  row[position] = std::move(text);
}

TextRows::Cell TextRows::get(std::string_view column) const {
  const auto position = static_cast<std::size_t>(std::ranges::find(columns_, column) - columns_.begin());
  return position < rows_.back().size() ? rows_.back()[position] : std::nullopt;
}

std::expected<void, Error> TextRows::give(RowHandler& handler) const {
  const std::vector<std::string_view> names(columns_.begin(), columns_.end());
  if (auto begun = handler.begin(names); !begun) return begun;
  std::vector<std::optional<std::string_view>> cells(columns_.size());
  for (const auto& row : rows_) {
    std::ranges::fill(cells, std::nullopt);
    std::ranges::copy(row, cells.begin());
    handler.row(TextRow(cells));
  }
  return {};
}

}  // namespace pgvigil::collectors
