#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "rules/promql/evaluator.h"
#include "rules/promql/function_library.h"

namespace pgvigil::promql {
namespace {

/// The labels that a selector fixes: those of its equality matchers, but none that it names twice.
LabelsPtr fixed_labels(const Expr& expr) {
  const VectorSelector* selector = expr.as<VectorSelector>();
  if (const auto* matrix = expr.as<MatrixSelector>()) selector = &matrix->vector;
  if (selector == nullptr) return Labels::none();
  LabelsBuilder builder;
  std::set<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == k_metric_name) continue;
    if (matcher.kind() == MatchKind::equal && seen.insert(matcher.name()).second) {
      builder.set(matcher.name(), matcher.value());
    } else {
      builder.erase(matcher.name());
    }
  }
  return builder.build();
}

/// 1 at the steps at which no row of `input` has a value.
Expected<Block> where_absent(Evaluator& evaluator, const Block& input, LabelsPtr labels) {
  Expected<Block> result = evaluator.new_block(1);
  if (!result) return result;
  std::span<double> cells = result->cells(result->add_row({std::move(labels)}));
  std::fill(cells.begin(), cells.end(), 1.0);
  for (std::size_t i = 0; i < input.size(); ++i) {
    std::span<const double> present = input.cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      if (!is_absent(present[step])) cells[step] = absent();
    }
  }
  result->drop_empty_rows();
  return result;
}

/// The better of two scalars at every step; NaN when either is.
template <typename Better>
Expected<std::vector<double>> choose(Evaluator& evaluator, const Call& call, Better better) {
  Expected<std::vector<double>> left = evaluator.scalar(*call.arguments[0]);
  if (!left) return left;
  Expected<std::vector<double>> right = evaluator.scalar(*call.arguments[1]);
  if (!right) return right;
  for (std::size_t step = 0; step < left->size(); ++step) {
    double& chosen = (*left)[step];
    double other = (*right)[step];
    if (std::isnan(other) || better(other, chosen)) chosen = other;
  }
  return left;
}

}  // namespace

Expected<Block> presence_absent(Evaluator& evaluator, const Call& call) {
  const Expr& argument = without_parentheses(*call.arguments.front());
  Expected<Block> input = evaluator.vector(argument);
  if (!input) return input;
  return where_absent(evaluator, *input, fixed_labels(argument));
}

Expected<Block> presence_absent_over_time(Evaluator& evaluator, const Call& call) {
  const Expr& argument = without_parentheses(*call.arguments.front());
  Expected<RangeInput> input = evaluator.range(argument);
  if (!input) return std::unexpected(input.error());
  Call present{find_function("present_over_time"), {}};
  Expected<Block> block = apply_range_function(evaluator, present, *input);
  if (!block) return block;
  return where_absent(evaluator, *block, fixed_labels(argument));
}

Expected<Block> presence_vector(Evaluator& evaluator, const Call& call) {
  Expected<std::vector<double>> values = evaluator.scalar(*call.arguments.front());
  if (!values) return std::unexpected(values.error());
  Expected<Block> result = evaluator.new_block(1);
  if (!result) return result;
  std::size_t row = result->add_row({Labels::none()});
  std::copy(values->begin(), values->end(), result->cells(row).begin());
  return result;
}

Expected<std::vector<double>> presence_scalar(Evaluator& evaluator, const Call& call) {
  Expected<Block> input = evaluator.vector(*call.arguments.front());
  if (!input) return std::unexpected(input.error());
  std::vector<double> values(input->steps(), k_nan);
  std::vector<std::size_t> counts(input->steps(), 0);
  for (std::size_t i = 0; i < input->size(); ++i) {
    std::span<const double> cells = std::as_const(*input).cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      if (is_absent(cells[step])) continue;
      values[step] = ++counts[step] == 1 ? cells[step] : k_nan;
    }
  }
  return values;
}

Expected<std::vector<double>> presence_pi(Evaluator& evaluator, const Call&) {
  return std::vector<double>(evaluator.grid().steps, std::numbers::pi);
}

Expected<std::vector<double>> presence_max_of(Evaluator& evaluator, const Call& call) {
  return choose(evaluator, call, [](double a, double b) { return a > b; });
}

Expected<std::vector<double>> presence_min_of(Evaluator& evaluator, const Call& call) {
  return choose(evaluator, call, [](double a, double b) { return a < b; });
}

}  // namespace pgvigil::promql
