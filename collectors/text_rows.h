#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/row.h"

namespace pgvigil::collectors {

/// What was read without SQL, as a query would give it: columns by name, and rows of text. A cell that is not
/// there is as NULL is.
class TextRows {
 public:
  using Cell = std::optional<std::string>;

  /// Makes it a column, also when no row ever has a cell there.
  void declare(std::string_view column);
  /// Begins a row.
  void add_row() { rows_.emplace_back(columns_.size()); }
  /// Sets a cell of the last row; a column that is new is empty in the rows before.
  void set(std::string_view column, Cell text);
  /// The cell of the last row; nothing when it is not there.
  Cell get(std::string_view column) const;

  std::size_t size() const { return rows_.size(); }
  /// Hands all to a handler, as a connection would.
  std::expected<void, Error> give(RowHandler& handler) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace pgvigil::collectors
