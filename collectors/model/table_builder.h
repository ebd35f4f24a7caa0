#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "collectors/model/table.h"

namespace pgvigil {

/// Builds one Table, row by row. Not thread-safe.
///
///     TableBuilder builder(schema, max_series);
///     builder.add_row();
///     builder.set_label(0, "postgres");
///     builder.set_value(0, 42);
///     Table table = std::move(builder).finish(now);
class TableBuilder {
 public:
  /// `max_series` bounds the number of values that the table will hold: rows that would exceed it are counted
  /// in LeftOut::over_limit and dropped.
  TableBuilder(std::shared_ptr<const TableSchema> schema, std::size_t max_series);
  ~TableBuilder();
  TableBuilder(TableBuilder&&) noexcept;
  TableBuilder& operator=(TableBuilder&&) noexcept;

  /// Begins a row: all its labels are empty and all its values absent.
  void add_row();
  /// Sets a label of the last row. Invalid UTF-8 is replaced by U+FFFD and counted.
  void set_label(std::size_t column, std::string_view text);
  /// Sets a value of the last row.
  void set_value(std::size_t metric, double value);
  /// The rows so far.
  struct Mark {
    std::size_t rows = 0;
    std::size_t series = 0;
  };
  Mark mark();
  /// Takes back every row since `mark`.
  void take_back(const Mark& mark);
  /// Takes the row that was just added back.
  void drop_row();
  /// Counts what the caller itself left out.
  void count(const LeftOut& left_out) { table_.left_out_ += left_out; }

  const TableSchema& schema() const { return *table_.schema_; }

  /// The finished table. Of two samples with the same metric and labels the first stays.
  Table finish(Timestamp taken_at) &&;

 private:
  class Interner;
  void end_row();
  void drop_duplicates();
  void drop_duplicates_among(const std::vector<std::size_t>& metrics);

  Table table_;
  std::size_t max_series_;
  std::size_t row_series_ = 0;  // values of the row that is being built
  std::unique_ptr<Interner> interner_;
};

}  // namespace pgvigil
