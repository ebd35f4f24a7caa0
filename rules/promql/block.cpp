#include "rules/promql/block.h"

#include <algorithm>

#include "rules/promql/label_groups.h"

namespace pgvigil::promql {

void Block::drop_empty_rows() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    std::span<double> from = cells(i);
    if (std::all_of(from.begin(), from.end(), is_absent)) continue;
    if (kept != i) {
      rows_[kept] = std::move(rows_[i]);
      std::copy(from.begin(), from.end(), cells(kept).begin());
    }
    ++kept;
  }
  rows_.resize(kept);
  cells_.resize(kept * steps_);
}

void Block::reorder(std::span<const std::size_t> order) {
  std::vector<Row> rows;
  std::vector<double> values;
  rows.reserve(order.size());
  values.reserve(order.size() * steps_);
  for (std::size_t i : order) {
    rows.push_back(std::move(rows_[i]));
    std::span<double> from = cells(i);
    values.insert(values.end(), from.begin(), from.end());
  }
  rows_ = std::move(rows);
  cells_ = std::move(values);
}

Expected<Block> merge_equal_rows(Block block) {
  if (block.size() < 2) return block;
  LabelGroups groups(LabelChoice::all(), block.size());
  std::vector<std::size_t> row_of_group;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < block.size(); ++i) {
    std::size_t group = groups.number(block.row(i).labels);
    if (group == row_of_group.size()) {
      row_of_group.push_back(i);
      kept.push_back(i);
      continue;
    }
    std::span<double> to = block.cells(row_of_group[group]);
    std::span<const double> from = block.cells(i);
    for (std::size_t step = 0; step < to.size(); ++step) {
      if (is_absent(from[step])) continue;
      if (!is_absent(to[step])) {
        return failure(Fault::evaluation, "vector cannot contain metrics with the same labelset");
      }
      to[step] = from[step];
    }
  }
  if (kept.size() < block.size()) block.reorder(kept);
  return block;
}

Expected<Block> drop_names(Block block) {
  bool changed = false;
  for (std::size_t i = 0; i < block.size(); ++i) {
    Row& row = block.row(i);
    if (!row.drop_name) continue;
    row.drop_name = false;
    row.labels = without_metadata(row.labels);
    changed = true;
  }
  return changed || block.size() > 1 ? merge_equal_rows(std::move(block)) : Expected<Block>(std::move(block));
}

}  // namespace pgvigil::promql
