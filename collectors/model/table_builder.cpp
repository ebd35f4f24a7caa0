#include "collectors/model/table_builder.h"

#include <algorithm>
#include <functional>
#include <map>

#include "collectors/model/utf8.h"

namespace pgvigil {
namespace {

constexpr std::uint32_t k_empty_slot = 0xFFFFFFFF;

/// Open addressing over numbers below k_empty_slot, at most half full. The caller says what a number stands
/// for.
class NumberSet {
 public:
  /// The number already there that `equal` accepts, or `number` after it was added.
  template <typename Equal, typename HashOf>
  std::uint32_t find_or_add(std::uint32_t number, std::size_t hash, Equal equal, HashOf hash_of) {
    if ((count_ + 1) * 2 > slots_.size()) grow(hash_of);
    for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
      if (slots_[i] == k_empty_slot) {
        slots_[i] = number;
        ++count_;
        return number;
      }
      if (equal(slots_[i])) return slots_[i];
    }
  }

 private:
  std::size_t mask() const { return slots_.size() - 1; }
  template <typename HashOf>
  void grow(HashOf hash_of) {
    std::vector<std::uint32_t> old(std::max<std::size_t>(16, slots_.size() * 2), k_empty_slot);
    old.swap(slots_);
    for (std::uint32_t number : old) {
      if (number == k_empty_slot) continue;
      std::size_t i = hash_of(number) & mask();
      while (slots_[i] != k_empty_slot)
        i = (i + 1) & mask();
      slots_[i] = number;
    }
  }

  std::vector<std::uint32_t> slots_;
  std::size_t count_ = 0;
};

std::size_t mix(std::size_t seed, std::size_t value) {
  return (seed ^ value) * 0x9E3779B97F4A7C15ull + (seed >> 29);
}

}  // namespace

/// Label values, each kept once, in the arrays of the table that is being built.
class TableBuilder::Interner {
 public:
  std::uint32_t intern(Table& table, std::string_view text) {
    const auto hash = std::hash<std::string_view>{};
    const auto next = static_cast<std::uint32_t>(table.symbol_ends_.size() - 1);
    const std::uint32_t id = symbols_.find_or_add(
        next, hash(text), [&](std::uint32_t i) { return table.symbol(i) == text; },
        [&](std::uint32_t i) { return hash(table.symbol(i)); });
    if (id == next) {
      table.symbol_text_ += text;
      table.symbol_ends_.push_back(static_cast<std::uint32_t>(table.symbol_text_.size()));
    }
    return id;
  }

 private:
  NumberSet symbols_;
};

TableBuilder::TableBuilder(std::shared_ptr<const TableSchema> schema, std::size_t max_series)
    : max_series_(max_series), interner_(std::make_unique<Interner>()) {
  table_.labels_.resize(schema->labels.size());
  table_.metrics_.resize(schema->metrics.size());
  table_.schema_ = std::move(schema);
  table_.symbol_ends_ = {0};
  interner_->intern(table_, "");
}

TableBuilder::~TableBuilder() = default;
TableBuilder::TableBuilder(TableBuilder&&) noexcept = default;
TableBuilder& TableBuilder::operator=(TableBuilder&&) noexcept = default;

void TableBuilder::add_row() {
  end_row();
  const std::size_t row = table_.rows_++;
  for (auto& column : table_.labels_)
    column.push_back(0);
  for (auto& column : table_.metrics_) {
    column.cells.push_back(0);
    if (row % 64 == 0) column.present.push_back(0);
  }
}

void TableBuilder::set_label(std::size_t column, std::string_view text) {
  auto& cell = table_.labels_[column].back();
  if (is_utf8(text)) {
    cell = interner_->intern(table_, text);
    return;
  }
  ++table_.left_out_.bad_text;
  cell = interner_->intern(table_, repaired_utf8(text));
}

void TableBuilder::set_value(std::size_t metric, double value) {
  auto& column = table_.metrics_[metric];
  const std::size_t row = table_.rows_ - 1;
  if (!column.has(row)) ++row_series_;
  column.cells[row] = value;
  column.present[row / 64] |= std::uint64_t{1} << (row % 64);
}

void TableBuilder::drop_row() {
  if (table_.rows_ == 0) return;
  const std::size_t row = --table_.rows_;
  for (auto& column : table_.labels_)
    column.pop_back();
  for (auto& column : table_.metrics_) {
    column.cells.pop_back();
    column.present[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    if (row % 64 == 0) column.present.pop_back();
  }
  row_series_ = 0;
}

TableBuilder::Mark TableBuilder::mark() {
  end_row();
  return {table_.rows_, table_.series_};
}

void TableBuilder::take_back(const Mark& mark) {
  while (table_.rows_ > mark.rows)
    drop_row();
  table_.series_ = mark.series;
  row_series_ = 0;
}

void TableBuilder::end_row() {
  if (table_.series_ + row_series_ > max_series_) {
    drop_row();
    ++table_.left_out_.over_limit;
  }
  table_.series_ += row_series_;
  row_series_ = 0;
}

void TableBuilder::drop_duplicates() {
  std::map<std::vector<std::uint16_t>, std::vector<std::size_t>> metrics_by_labels;
  const auto& metrics = schema().metrics;
  for (std::size_t metric = 0; metric < metrics.size(); ++metric)
    metrics_by_labels[metrics[metric].labels].push_back(metric);
  for (const auto& group : metrics_by_labels)
    drop_duplicates_among(group.second);
}

/// `metrics` carry the same labels: a row whose labels stood in an earlier row gives its values to that one
/// where it has none, and loses the others.
void TableBuilder::drop_duplicates_among(const std::vector<std::size_t>& metrics) {
  const auto& labels = schema().metrics[metrics.front()].labels;
  const auto hash_of = [&](std::uint32_t row) {
    std::size_t hash = 0;
    for (std::uint16_t label : labels)
      hash = mix(hash, table_.label_id(row, label));
    return hash;
  };
  NumberSet rows;
  for (std::uint32_t row = 0; row < table_.rows_; ++row) {
    const auto same = [&](std::uint32_t other) {
      return std::ranges::all_of(labels, [&](std::uint16_t label) {
        return table_.label_id(row, label) == table_.label_id(other, label);
      });
    };
    const std::uint32_t first = rows.find_or_add(row, hash_of(row), same, hash_of);
    if (first == row) continue;
    for (std::size_t metric : metrics) {
      auto& column = table_.metrics_[metric];
      if (!column.has(row)) continue;
      column.present[row / 64] &= ~(std::uint64_t{1} << (row % 64));
      if (column.has(first)) {
        ++table_.left_out_.duplicates;
        --table_.series_;
      } else {
        column.cells[first] = column.cells[row];
        column.present[first / 64] |= std::uint64_t{1} << (first % 64);
      }
    }
  }
}

Table TableBuilder::finish(Timestamp taken_at) && {
  end_row();
  drop_duplicates();
  table_.taken_at_ = taken_at;
  for (auto& column : table_.labels_)
    column.shrink_to_fit();
  for (auto& column : table_.metrics_) {
    column.cells.shrink_to_fit();
    column.present.shrink_to_fit();
  }
  table_.symbol_text_.shrink_to_fit();
  table_.symbol_ends_.shrink_to_fit();
  return std::move(table_);
}

}  // namespace pgvigil
