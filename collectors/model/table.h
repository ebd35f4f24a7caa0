#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/names.h"
#include "collectors/model/units.h"

namespace pgvigil {

enum class MetricType : std::uint8_t { gauge, counter, untyped };

/// "gauge", "counter", "untyped".
std::string_view to_string(MetricType type);

/// What one value column of a table means. `labels` are positions in TableSchema::labels, in the order in
/// which the exposition prints them; a metric need not carry every label of its table.
struct Metric {
  MetricName name;
  MetricType type = MetricType::gauge;
  Unit unit = Unit::none;
  std::string help;
  std::vector<std::uint16_t> labels;
};

/// The columns of a table: shared by every generation of it, never changed.
struct TableSchema {
  std::vector<LabelName> labels;
  std::vector<Metric> metrics;
};

/// What the building of a table left out, and why.
struct LeftOut {
  std::size_t duplicates = 0;  ///< samples whose series was there already
  std::size_t over_limit = 0;  ///< rows beyond the limit of series
  std::size_t over_total = 0;  ///< series beyond the limit over all collectors
  std::size_t skipped = 0;     ///< rows that the query itself marked as not measurable now (locked relations)
  std::size_t filtered = 0;    ///< rows that a label filter of the configuration leaves out
  std::size_t bad_text = 0;    ///< label values whose invalid UTF-8 was replaced
  std::size_t aggregated = 0;  ///< rows that the row "other" stands for, below the top ones

  LeftOut& operator+=(const LeftOut& other);
};

/// The one data type of the house: rows of label values and of doubles, by column.
/// A value that is not there (SQL NULL) is absent and never 0. Immutable: any thread may read it.
class Table {
 public:
  const TableSchema& schema() const { return *schema_; }
  const std::shared_ptr<const TableSchema>& shared_schema() const { return schema_; }
  std::size_t rows() const { return rows_; }
  Timestamp taken_at() const { return taken_at_; }
  const LeftOut& left_out() const { return left_out_; }

  /// The text in label column `column`; empty when the label is not there.
  std::string_view label(std::size_t row, std::size_t column) const { return symbol(labels_[column][row]); }
  /// Equal ids mean equal text, within this table.
  std::uint32_t label_id(std::size_t row, std::size_t column) const { return labels_[column][row]; }

  bool has(std::size_t row, std::size_t metric) const { return metrics_[metric].has(row); }
  std::optional<double> value(std::size_t row, std::size_t metric) const {
    if (!has(row, metric)) return std::nullopt;
    return metrics_[metric].cells[row];
  }
  /// The whole column of `metric`, one cell a row; cells that are absent hold 0 (ask has()).
  std::span<const double> values(std::size_t metric) const { return metrics_[metric].cells; }

  /// How many values are there, over all rows and metrics: the number of series.
  std::size_t series() const { return series_; }
  /// What the table occupies, without its schema.
  Bytes memory() const;

 private:
  friend class TableBuilder;
  friend class TableEditor;
  struct Column {
    std::vector<double> cells;           // one a row
    std::vector<std::uint64_t> present;  // one bit a row
    bool has(std::size_t row) const { return (present[row / 64] >> (row % 64) & 1) != 0; }
  };

  Table() = default;
  std::string_view symbol(std::uint32_t id) const {
    return {symbol_text_.data() + symbol_ends_[id], symbol_ends_[id + 1] - symbol_ends_[id]};
  }

  std::shared_ptr<const TableSchema> schema_;
  std::size_t rows_ = 0;
  std::size_t series_ = 0;
  std::vector<std::vector<std::uint32_t>> labels_;  // a vector of symbols a label column
  std::vector<Column> metrics_;
  std::string symbol_text_;                 // interned label values, one after the other; symbol 0 is empty
  std::vector<std::uint32_t> symbol_ends_;  // symbol i is [ends[i], ends[i + 1])
  Timestamp taken_at_;
  LeftOut left_out_;
};

}  // namespace pgvigil
