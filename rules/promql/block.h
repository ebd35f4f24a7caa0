#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "rules/promql/error.h"
#include "rules/promql/labels.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {

/// How many samples a query may hold at a time.
class SampleBudget {
 public:
  explicit SampleBudget(std::size_t limit) : left_(limit) {}
  bool take(std::size_t count) {
    if (count > left_) return false;
    left_ -= count;
    return true;
  }
  void give_back(std::size_t count) { left_ += count; }

 private:
  std::size_t left_;
};

/// A part of the budget, given back at the end.
class SampleLease {
 public:
  SampleLease() = default;
  SampleLease(SampleBudget& budget, std::size_t count) : budget_(&budget), count_(count) {}
  SampleLease(SampleLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  SampleLease& operator=(SampleLease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~SampleLease() {
    if (budget_ != nullptr) budget_->give_back(count_);
  }

 private:
  SampleBudget* budget_ = nullptr;
  std::size_t count_ = 0;
};

/// Whose values a row of a block holds. The name is dropped at the end of the query, not before, so that
/// label_replace() and `by (__name__)` still see it.
struct Row {
  LabelsPtr labels;
  bool drop_name = false;
};

/// What a node of the tree gives: for each series one value a step, densely; absent where it has none.
class Block {
 public:
  explicit Block(std::size_t steps) : steps_(steps) {}

  std::size_t steps() const { return steps_; }
  std::size_t size() const { return rows_.size(); }
  Row& row(std::size_t i) { return rows_[i]; }
  const Row& row(std::size_t i) const { return rows_[i]; }
  std::span<double> cells(std::size_t i) { return std::span(cells_).subspan(i * steps_, steps_); }
  std::span<const double> cells(std::size_t i) const { return std::span(cells_).subspan(i * steps_, steps_); }

  void reserve(std::size_t rows) {
    rows_.reserve(rows);
    cells_.reserve(rows * steps_);
  }
  /// Appends a row without values; returns its index.
  std::size_t add_row(Row row) {
    rows_.push_back(std::move(row));
    cells_.resize(cells_.size() + steps_, stale_marker());
    return rows_.size() - 1;
  }
  void drop_last_row() {
    rows_.pop_back();
    cells_.resize(cells_.size() - steps_);
  }
  /// Takes out the rows without a value.
  void drop_empty_rows();
  /// Puts the rows into `order` (indices of rows; those left out are gone).
  void reorder(std::span<const std::size_t> order);
  void hold(SampleLease lease) { lease_ = std::move(lease); }

 private:
  std::size_t steps_;
  std::vector<Row> rows_;
  std::vector<double> cells_;
  SampleLease lease_;
};

/// A cell without a value holds the stale marker: no arithmetic gives those bits.
inline bool is_absent(double cell) {
  return is_stale(cell);
}
inline double absent() {
  return stale_marker();
}

/// Joins rows with equal labels. Two values of one series at one step are an error.
Expected<Block> merge_equal_rows(Block block);

/// Takes the names off the rows that lose theirs, then merges.
Expected<Block> drop_names(Block block);

}  // namespace pgvigil::promql
