#include "rules/promql/evaluator.h"

#include <algorithm>

namespace pgvigil::promql {
namespace {

std::unexpected<Error> cancelled_error() {
  return failure(Fault::limit, "query timed out in expression evaluation");
}

/// The one step of `block`, repeated over `steps` steps.
void broadcast(const Block& single, Block& result) {
  for (std::size_t i = 0; i < single.size(); ++i) {
    std::size_t row = result.add_row(single.row(i));
    std::span<double> cells = result.cells(row);
    std::fill(cells.begin(), cells.end(), single.cells(i)[0]);
  }
}

}  // namespace

std::unexpected<Error> too_many_samples() {
  return failure(Fault::limit, "query processing would load too many samples into memory in query execution");
}

Expected<Block> Evaluator::new_block(std::size_t rows) {
  std::size_t cells = rows * grid_.steps;
  if (!context_.budget.take(cells)) return too_many_samples();
  Block block(grid_.steps);
  block.hold(SampleLease(context_.budget, cells));
  block.reserve(rows);
  return block;
}

std::expected<void, Error> Evaluator::count_scanned(std::size_t samples) {
  constexpr std::size_t k_between_questions = 1'000'000;  // some milliseconds
  const std::size_t before = context_.scanned;
  context_.scanned += samples;
  const bool ask = before / k_between_questions != context_.scanned / k_between_questions;
  if (ask && context_.options.cancelled && context_.options.cancelled()) return cancelled_error();
  if (context_.scanned > context_.options.limits.samples_scanned) {
    return failure(Fault::limit, "query processing would look at too many samples in range functions");
  }
  return {};
}

Expected<Block> Evaluator::vector(const Expr& expr) {
  if (context_.options.cancelled && context_.options.cancelled()) return cancelled_error();
  if (grid_.steps == 1 || !is_step_invariant(expr)) return vector_uncached(expr);
  Evaluator once(context_, {grid_.start_ms, grid_.step_ms, 1});
  Expected<Block> single = once.vector_uncached(expr);
  if (!single) return single;
  Expected<Block> result = new_block(single->size());
  if (result) broadcast(*single, *result);
  return result;
}

Expected<Block> Evaluator::vector_uncached(const Expr& expr) {
  const Expr& inner = without_parentheses(expr);
  if (const auto* selector = inner.as<VectorSelector>()) return select_instant(*selector, Taken::value);
  if (const auto* aggregation = inner.as<Aggregation>()) return aggregate(*this, *aggregation);
  if (const auto* call = inner.as<Call>()) return call_vector(*call);
  if (const auto* binary_expr = inner.as<Binary>()) return binary(*binary_expr);
  if (const auto* unary = inner.as<Unary>()) return negate(*unary);
  return failure(Fault::evaluation, "expected an instant vector");
}

Expected<std::vector<double>> Evaluator::scalar(const Expr& expr) {
  const Expr& inner = without_parentheses(expr);
  if (const auto* number = inner.as<NumberLiteral>()) return std::vector<double>(grid_.steps, number->value);
  if (const auto* binary_expr = inner.as<Binary>()) return scalar_binary(*binary_expr);
  if (const auto* call = inner.as<Call>(); call != nullptr && call->function->scalar != nullptr) {
    return call->function->scalar(*this, *call);
  }
  if (const auto* unary = inner.as<Unary>()) {
    Expected<std::vector<double>> values = scalar(*unary->expr);
    if (values && unary->op == TokenKind::subtract) {
      for (double& value : *values)
        value = -value;
    }
    return values;
  }
  return failure(Fault::evaluation, "expected a scalar");
}

Expected<std::vector<double>> Evaluator::scalar_binary(const Binary& binary) {
  Expected<std::vector<double>> left = scalar(*binary.left);
  if (!left) return left;
  Expected<std::vector<double>> right = scalar(*binary.right);
  if (!right) return right;
  bool comparison = is_comparison(binary.op);
  for (std::size_t step = 0; step < left->size(); ++step) {
    double a = (*left)[step];
    double b = (*right)[step];
    (*left)[step] = comparison ? (compare(binary.op, a, b) ? 1 : 0) : compute(binary.op, a, b);
  }
  return left;
}

Expected<Block> Evaluator::negate(const Unary& unary) {
  Expected<Block> block = vector(*unary.expr);
  if (!block || unary.op != TokenKind::subtract) return block;
  for (std::size_t i = 0; i < block->size(); ++i) {
    block->row(i).drop_name = true;
    for (double& cell : block->cells(i)) {
      if (!is_absent(cell)) cell = -cell;
    }
  }
  return block;
}

Expected<Block> Evaluator::binary(const Binary& binary) {
  bool left_is_scalar = binary.left->type == ValueType::scalar;
  if (left_is_scalar || binary.right->type == ValueType::scalar) {
    const Expr& scalar_side = left_is_scalar ? *binary.left : *binary.right;
    const Expr& vector_side = left_is_scalar ? *binary.right : *binary.left;
    Expected<std::vector<double>> scalars = scalar(scalar_side);
    if (!scalars) return std::unexpected(scalars.error());
    Expected<Block> block = vector(vector_side);
    if (!block) return block;
    return vector_scalar(binary, std::move(*block), *scalars, left_is_scalar);
  }
  Expected<Block> left = vector(*binary.left);
  if (!left) return left;
  Expected<Block> right = vector(*binary.right);
  if (!right) return right;
  if (is_set_operator(binary.op)) return combine_sets(*this, binary, std::move(*left), std::move(*right));
  return match_vectors(*this, binary, *left, *right);
}

Expected<Block> Evaluator::call_vector(const Call& call) {
  switch (call.function->kind) {
    case FunctionKind::sample:
    case FunctionKind::date:
      return call_sample_function(call);
    case FunctionKind::range:
      return call_range_function(call);
    case FunctionKind::vector:
      return call.function->vector(*this, call);
    case FunctionKind::scalar:
    case FunctionKind::unsupported:
      break;
  }
  return failure(Fault::evaluation, "function " + std::string(call.function->name) + " gives no vector");
}

Expected<Block> Evaluator::call_sample_function(const Call& call) {
  const Function& function = *call.function;
  if (call.arguments.empty()) {  // a date function: of the evaluation time
    Expected<Block> block = new_block(1);
    if (!block) return block;
    std::span<double> cells = block->cells(block->add_row({Labels::none()}));
    for (std::size_t step = 0; step < cells.size(); ++step) {
      cells[step] = function.sample(static_cast<double>(grid_.at(step) / 1000), {});
    }
    return block;
  }
  Expected<Block> block = vector(*call.arguments.front());
  if (!block) return block;
  std::vector<std::vector<double>> columns;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    Expected<std::vector<double>> values = scalar(*call.arguments[i]);
    if (!values) return std::unexpected(values.error());
    columns.push_back(std::move(*values));
  }
  std::vector<double> scalars(columns.size());
  bool left_out = false;
  for (std::size_t step = 0; step < grid_.steps; ++step) {
    for (std::size_t i = 0; i < columns.size(); ++i)
      scalars[i] = columns[i][step];
    for (std::size_t i = 0; i < block->size(); ++i) {
      double& cell = block->cells(i)[step];
      if (is_absent(cell)) continue;
      cell = function.sample(cell, scalars);
      left_out = left_out || is_absent(cell);
    }
  }
  for (std::size_t i = 0; i < block->size(); ++i)
    block->row(i).drop_name = true;
  if (left_out) block->drop_empty_rows();
  return block;
}

Expected<Block> Evaluator::call_range_function(const Call& call) {
  auto matrix = std::find_if(call.arguments.begin(), call.arguments.end(),
                             [](const ExprPtr& argument) { return argument->type == ValueType::matrix; });
  if (matrix == call.arguments.end()) return failure(Fault::evaluation, "expected a range vector");
  Expected<RangeInput> input = range(**matrix);
  if (!input) return std::unexpected(input.error());
  return apply_range_function(*this, call, *input);
}

bool Evaluator::is_step_invariant(const Expr& expr) {
  if (auto known = context_.invariance.find(&expr); known != context_.invariance.end()) return known->second;
  bool invariant = false;
  if (expr.as<NumberLiteral>() != nullptr || expr.as<StringLiteral>() != nullptr) invariant = true;
  if (const auto* selector = expr.as<VectorSelector>()) invariant = selector->shift.has_at();
  if (const auto* selector = expr.as<MatrixSelector>()) invariant = selector->vector.shift.has_at();
  if (const auto* subquery_expr = expr.as<Subquery>()) invariant = subquery_expr->shift.has_at();
  if (const auto* unary = expr.as<Unary>()) invariant = is_step_invariant(*unary->expr);
  if (const auto* parenthesised = expr.as<Parenthesised>())
    invariant = is_step_invariant(*parenthesised->expr);
  if (const auto* binary_expr = expr.as<Binary>()) {
    invariant = is_step_invariant(*binary_expr->left) && is_step_invariant(*binary_expr->right);
  }
  if (const auto* aggregation = expr.as<Aggregation>()) {
    invariant = is_step_invariant(*aggregation->expr) &&
                (aggregation->parameter == nullptr || is_step_invariant(*aggregation->parameter));
  }
  if (const auto* call = expr.as<Call>()) {
    invariant = !call->function->depends_on_time &&
                std::all_of(call->arguments.begin(), call->arguments.end(),
                            [this](const ExprPtr& argument) { return is_step_invariant(*argument); });
  }
  context_.invariance.emplace(&expr, invariant);
  return invariant;
}

}  // namespace pgvigil::promql
