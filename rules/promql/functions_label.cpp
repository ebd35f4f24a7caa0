#include <algorithm>
#include <cmath>
#include <numeric>

#include "rules/promql/evaluator.h"
#include "rules/promql/function_library.h"
#include "rules/promql/natural_order.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

/// Sets a label of a row. A series that is given a name keeps it.
void set_label(Row& row, std::string_view name, std::string_view value) {
  if (row.labels->get(name) != value) row.labels = LabelsBuilder(*row.labels).set(name, value).build();
  if (name == k_metric_name) row.drop_name = false;
}

/// Orders the rows of an instant vector; a range query has an order of its own.
template <typename Before>
Expected<Block> sorted(Expected<Block> block, Before before) {
  if (!block || block->steps() != 1) return block;
  std::vector<std::size_t> order(block->size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return before(*block, a, b); });
  block->reorder(order);
  return block;
}

template <typename Before>
Expected<Block> sorted_by_value(Evaluator& evaluator, const Call& call, Before before) {
  return sorted(evaluator.vector(*call.arguments.front()),
                [&](const Block& block, std::size_t a, std::size_t b) {
                  double left = block.cells(a)[0];
                  double right = block.cells(b)[0];
                  if (std::isnan(left) || std::isnan(right))
                    return !std::isnan(left) && std::isnan(right);  // NaN comes last
                  return before(left, right);
                });
}

std::strong_ordering compare_by_labels(const Call& call, const Labels& a, const Labels& b) {
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const std::string& name = string_argument(call, i);
    if (std::strong_ordering order = natural_order(a.get(name), b.get(name)); order != 0) return order;
  }
  return a <=> b;
}

}  // namespace

const std::string& string_argument(const Call& call, std::size_t i) {
  return without_parentheses(*call.arguments[i]).as<StringLiteral>()->value;
}

Expected<Block> label_replace(Evaluator& evaluator, const Call& call) {
  const std::string& destination = string_argument(call, 1);
  const std::string& replacement = string_argument(call, 2);
  const std::string& source = string_argument(call, 3);
  const std::string& pattern = string_argument(call, 4);
  std::expected<Regex, std::string> regex = Regex::compile(pattern);
  if (!regex) return failure(Fault::evaluation, "invalid regular expression in label_replace(): " + pattern);
  if (!is_utf8_label_name(destination)) {
    return failure(Fault::evaluation, "invalid destination label name in label_replace(): " + destination);
  }
  Expected<Block> block = evaluator.vector(*call.arguments.front());
  if (!block) return block;
  for (std::size_t i = 0; i < block->size(); ++i) {
    Row& row = block->row(i);
    std::string_view value = row.labels->get(source);
    std::optional<RegexGroups> groups = regex->match_groups(value);
    if (groups) set_label(row, destination, regex->expand(replacement, value, *groups));
  }
  return merge_equal_rows(std::move(*block));
}

Expected<Block> label_join(Evaluator& evaluator, const Call& call) {
  const std::string& destination = string_argument(call, 1);
  const std::string& separator = string_argument(call, 2);
  for (std::size_t i = 3; i < call.arguments.size(); ++i) {
    if (is_utf8_label_name(string_argument(call, i))) continue;
    return failure(Fault::evaluation,
                   "invalid source label name in label_join(): " + string_argument(call, i));
  }
  if (!is_utf8_label_name(destination)) {
    return failure(Fault::evaluation, "invalid destination label name in label_join(): " + destination);
  }
  Expected<Block> block = evaluator.vector(*call.arguments.front());
  if (!block) return block;
  for (std::size_t i = 0; i < block->size(); ++i) {
    std::string value;
    for (std::size_t source = 3; source < call.arguments.size(); ++source) {
      if (source > 3) value += separator;
      value += block->row(i).labels->get(string_argument(call, source));
    }
    set_label(block->row(i), destination, value);
  }
  return merge_equal_rows(std::move(*block));
}

Expected<Block> sort_ascending(Evaluator& evaluator, const Call& call) {
  return sorted_by_value(evaluator, call, [](double a, double b) { return a < b; });
}

Expected<Block> sort_descending(Evaluator& evaluator, const Call& call) {
  return sorted_by_value(evaluator, call, [](double a, double b) { return a > b; });
}

Expected<Block> sort_by_label(Evaluator& evaluator, const Call& call) {
  return sorted(evaluator.vector(*call.arguments.front()),
                [&](const Block& block, std::size_t a, std::size_t b) {
                  return compare_by_labels(call, *block.row(a).labels, *block.row(b).labels) < 0;
                });
}

Expected<Block> sort_by_label_descending(Evaluator& evaluator, const Call& call) {
  return sorted(evaluator.vector(*call.arguments.front()),
                [&](const Block& block, std::size_t a, std::size_t b) {
                  return compare_by_labels(call, *block.row(a).labels, *block.row(b).labels) > 0;
                });
}

}  // namespace pgvigil::promql
