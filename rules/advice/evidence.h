#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/model/table.h"

namespace pgvigil::rules::advice {

/// Gathers what a piece of advice stands on into a table of its own: some columns of some rows of collected
/// tables.
///
///     Evidence evidence;
///     evidence.row({{"datname", "shop"}, {"relname", "orders"}});
///     evidence.take(sizes, row, {"pgvigil_table_estimated_size_bytes"});
///     Table table = std::move(evidence).finish(look.now);
class Evidence {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  /// Begins a row. The labels are those of the first row: later ones have the same, in the same order.
  void row(const Labels& labels);
  /// Adds these metrics of a row of a collected table to the last row; those that are absent stay absent.
  void take(const Table& table, std::size_t row, std::initializer_list<std::string_view> metrics);
  Table finish(Timestamp taken_at) &&;

 private:
  struct Cell {
    std::size_t metric;
    double value;
  };
  struct Row {
    std::vector<std::string> labels;
    std::vector<Cell> cells;
  };
  std::size_t column_of(const Metric& metric);

  TableSchema schema_;
  std::vector<Row> rows_;
};

}  // namespace pgvigil::rules::advice
