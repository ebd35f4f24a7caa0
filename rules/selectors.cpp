#include "rules/selectors.h"

#include "rules/promql/functions.h"

namespace pgvigil::rules {

using namespace promql;

void for_each_needed_selector(const Expr& expr,
                              const std::function<void(const VectorSelector& selector, Span span)>& visit) {
  const auto descend = [&](const ExprPtr& below) {
    if (below != nullptr) for_each_needed_selector(*below, visit);
  };
  if (const auto* call = expr.as<Call>()) {
    if (call->function->name == "absent" || call->function->name == "absent_over_time") return;
    for (const ExprPtr& argument : call->arguments)
      descend(argument);
  } else if (const auto* selector = expr.as<VectorSelector>()) {
    visit(*selector, expr.span);
  } else if (const auto* range = expr.as<MatrixSelector>()) {
    visit(range->vector, range->vector_span);
  } else if (const auto* subquery = expr.as<Subquery>()) {
    descend(subquery->expr);
  } else if (const auto* aggregation = expr.as<Aggregation>()) {
    descend(aggregation->expr);
    descend(aggregation->parameter);
  } else if (const auto* binary = expr.as<Binary>()) {
    descend(binary->left);
    descend(binary->right);
  } else if (const auto* unary = expr.as<Unary>()) {
    descend(unary->expr);
  } else if (const auto* inner = expr.as<Parenthesised>()) {
    descend(inner->expr);
  }
}

}  // namespace pgvigil::rules
