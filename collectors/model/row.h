#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "collectors/model/error.h"

namespace pgvigil {

/// One row of a result, valid only during the call that it is handed to.
class Row {
 public:
  /// The text in `column`, or nothing for SQL NULL.
  virtual std::optional<std::string_view> text(std::size_t column) const = 0;

 protected:
  ~Row() = default;
};

/// A row of text that lies in memory: of what was read without SQL.
class TextRow final : public Row {
 public:
  explicit TextRow(std::span<const std::optional<std::string_view>> cells) : cells_(cells) {}
  std::optional<std::string_view> text(std::size_t column) const override { return cells_[column]; }

 private:
  std::span<const std::optional<std::string_view>> cells_;
};

/// Receives a result as it arrives: memory stays flat however many rows there are.
class RowHandler {
 public:
  virtual ~RowHandler() = default;
  /// The columns, once, before the first row and also when there is none. An error ends the query.
  virtual std::expected<void, Error> begin(std::span<const std::string_view> columns) = 0;
  virtual void row(const Row& row) = 0;
};

}  // namespace pgvigil
