#pragma once

#include <memory>
#include <optional>

#include "collectors/model/table.h"

namespace pgvigil {

/// Changes single values of a table that nobody else holds, and cuts its last metrics off: without building
/// it anew. Not thread-safe.
///
///     TableEditor editor(std::move(table));
///     editor.set_value(0, 2, std::nullopt);
///     table = std::move(editor).finish();
class TableEditor {
 public:
  explicit TableEditor(Table table) : table_(std::move(table)) {}

  const Table& table() const { return table_; }
  /// Sets a value, or takes it away.
  void set_value(std::size_t row, std::size_t metric, std::optional<double> value);
  /// Gives the table a schema with the same labels and its first metrics; the values of the others go.
  void narrow_to(std::shared_ptr<const TableSchema> schema);
  /// Keeps the first `most` series, row by row, and counts the others in LeftOut::over_total.
  void keep_first(std::size_t most);

  Table finish() && { return std::move(table_); }

 private:
  Table table_;
};

}  // namespace pgvigil
