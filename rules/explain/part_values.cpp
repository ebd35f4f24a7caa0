#include "rules/explain/part_values.h"

#include "rules/promql/printer.h"

namespace pgvigil::rules {

using namespace promql;

const Expected<Value>& PartValues::of(const Expr& part) {
  if (const auto known = values_.find(&part); known != values_.end()) return known->second;
  auto result = evaluate_instant(part, context_.storage, t_ms_, context_.options);
  auto value = result ? Expected<Value>(std::move(result->value)) : std::unexpected(result.error());
  return values_.emplace(&part, std::move(value)).first->second;
}

const Vector& PartValues::vector(const Expr& part) {
  static const Vector k_none;
  const Expected<Value>& value = of(part);
  const auto* vector = value ? std::get_if<Vector>(&*value) : nullptr;
  return vector == nullptr ? k_none : *vector;
}

double PartValues::scalar(const Expr& part) {
  const Expected<Value>& value = of(part);
  const auto* scalar = value ? std::get_if<ScalarValue>(&*value) : nullptr;
  return scalar == nullptr ? k_nan : scalar->point.v;
}

bool PartValues::is_empty(const Expr& part) {
  const Expected<Value>& value = of(part);
  if (!value) return false;
  if (const auto* vector = std::get_if<Vector>(&*value)) return vector->empty();
  if (const auto* matrix = std::get_if<Matrix>(&*value)) return matrix->empty();
  return false;
}

std::vector<const Expr*> parts_below(const Expr& part) {
  std::vector<const Expr*> parts;
  const auto add = [&](const ExprPtr& below) {
    if (below != nullptr && !is_constant(*below)) parts.push_back(&without_parentheses(*below));
  };
  if (const auto* call = part.as<Call>()) {
    for (const ExprPtr& argument : call->arguments)
      add(argument);
  } else if (const auto* aggregation = part.as<Aggregation>()) {
    add(aggregation->parameter);
    add(aggregation->expr);
  } else if (const auto* binary = part.as<Binary>()) {
    add(binary->left);
    add(binary->right);
  } else if (const auto* unary = part.as<Unary>()) {
    add(unary->expr);
  } else if (const auto* subquery = part.as<Subquery>()) {
    add(subquery->expr);
  }
  return parts;
}

}  // namespace pgvigil::rules
