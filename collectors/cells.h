#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/row.h"
#include "collectors/plan.h"

namespace pgvigil::collectors {

/// The columns of a result by name.
class Columns {
 public:
  /// The columns of a new result, under the names that `definition` gives them.
  void assign(std::span<const std::string_view> names, const Definition& definition);
  std::optional<std::size_t> position_of(std::string_view name) const;
  /// As position_of(); an error that names the plan's file when there is none.
  std::expected<std::size_t, Error> require(std::string_view name, const Plan& plan) const;
  const std::string& operator[](std::size_t column) const { return names_[column]; }

 private:
  std::vector<std::string> names_;
};

/// Reads the values of a plan out of rows: one number a value, or nothing. Not thread-safe.
class MetricReader {
 public:
  /// `plan` and `columns` must outlive it.
  MetricReader(const Plan& plan, const Columns& columns) : plan_(plan), columns_(columns) {}
  /// Finds the columns of a new result. An error when one is missing that is not optional.
  std::expected<void, Error> begin();
  /// A value, by its place in the plan. Absent for NULL, for a row that `when` leaves out and where an
  /// optional column is missing. Text that is no number is noted as a fault.
  std::optional<double> value(const Row& row, std::size_t value);
  /// The first thing that went wrong.
  const std::optional<Error>& fault() const { return fault_; }
  void forgive() { fault_.reset(); }

 private:
  struct Condition {
    const LabelFilter* filter;
    std::size_t column;
  };
  struct Cell {
    bool missing = false;              // a column of it, and it is optional
    std::vector<std::size_t> columns;  // by column of its expression
    std::vector<Condition> conditions;
  };
  class Inputs;
  const MetricDefinition* metric_of(std::size_t value) const;
  std::optional<double> number(const Row& row, std::size_t column);

  const Plan& plan_;
  const Columns& columns_;
  std::vector<Cell> cells_;  // by value
  std::optional<Error> fault_;
};

}  // namespace pgvigil::collectors
