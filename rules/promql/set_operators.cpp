#include <algorithm>

#include "rules/promql/evaluator.h"
#include "rules/promql/label_groups.h"

namespace pgvigil::promql {
namespace {

/// Which match groups have a value at which step.
class Presence {
 public:
  Presence(const Block& block, const std::vector<std::size_t>& groups, std::size_t group_count)
      : steps_(block.steps()), present_(group_count * block.steps(), false) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      std::span<const double> cells = block.cells(i);
      for (std::size_t step = 0; step < steps_; ++step) {
        if (!is_absent(cells[step])) present_[groups[i] * steps_ + step] = true;
      }
    }
  }
  bool at(std::size_t group, std::size_t step) const { return present_[group * steps_ + step]; }

 private:
  std::size_t steps_;
  std::vector<bool> present_;
};

/// Takes out the cells whose group is (or is not) present on the other side.
void keep_cells(Block& block,
                const std::vector<std::size_t>& groups,
                const Presence& other,
                bool when_present) {
  for (std::size_t i = 0; i < block.size(); ++i) {
    std::span<double> cells = block.cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      if (other.at(groups[i], step) != when_present) cells[step] = absent();
    }
  }
  block.drop_empty_rows();
}

}  // namespace

Expected<Block> combine_sets(Evaluator& evaluator, const Binary& binary, Block left, Block right) {
  const VectorMatching& matching = binary.matching;
  LabelGroups groups(matching.on ? LabelChoice::only(matching.labels) : LabelChoice::except(matching.labels),
                     left.size() + right.size());
  auto numbers_of = [&](const Block& block) {
    std::vector<std::size_t> numbers;
    numbers.reserve(block.size());
    for (std::size_t i = 0; i < block.size(); ++i)
      numbers.push_back(groups.number(block.row(i).labels));
    return numbers;
  };
  std::vector<std::size_t> left_groups = numbers_of(left);
  std::vector<std::size_t> right_groups = numbers_of(right);
  if (binary.op != TokenKind::keyword_or) {
    Presence present(right, right_groups, groups.size());
    keep_cells(left, left_groups, present, binary.op == TokenKind::keyword_and);
    return left;
  }
  Presence present(left, left_groups, groups.size());
  keep_cells(right, right_groups, present, false);
  Expected<Block> both = evaluator.new_block(left.size() + right.size());
  if (!both) return both;
  for (Block* side : {&left, &right}) {
    for (std::size_t i = 0; i < side->size(); ++i) {
      std::size_t row = both->add_row(std::move(side->row(i)));
      std::span<const double> from = std::as_const(*side).cells(i);
      std::copy(from.begin(), from.end(), both->cells(row).begin());
    }
  }
  return both->steps() > 1 ? merge_equal_rows(std::move(*both)) : std::move(both);
}

}  // namespace pgvigil::promql
