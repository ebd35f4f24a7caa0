#include "rules/promql/ast.h"

namespace pgvigil::promql {

std::string_view documented_name(ValueType type) {
  switch (type) {
    case ValueType::none:
      return "none";
    case ValueType::scalar:
      return "scalar";
    case ValueType::vector:
      return "instant vector";
    case ValueType::matrix:
      return "range vector";
    case ValueType::string:
      return "string";
  }
  return "none";
}

bool is_comparison(TokenKind op) {
  switch (op) {
    case TokenKind::equal:
    case TokenKind::not_equal:
    case TokenKind::less:
    case TokenKind::less_or_equal:
    case TokenKind::greater:
    case TokenKind::greater_or_equal:
      return true;
    default:
      return false;
  }
}

bool is_set_operator(TokenKind op) {
  return op == TokenKind::keyword_and || op == TokenKind::keyword_or || op == TokenKind::keyword_unless;
}

const Expr& without_parentheses(const Expr& expr) {
  const Expr* inner = &expr;
  while (const Parenthesised* parenthesised = inner->as<Parenthesised>())
    inner = parenthesised->expr.get();
  return *inner;
}

void for_each_expression(const Expr& expr, const std::function<void(const Expr&)>& visit) {
  visit(expr);
  auto descend = [&](const ExprPtr& child) {
    if (child != nullptr) for_each_expression(*child, visit);
  };
  if (const auto* subquery = expr.as<Subquery>()) descend(subquery->expr);
  if (const auto* unary = expr.as<Unary>()) descend(unary->expr);
  if (const auto* parenthesised = expr.as<Parenthesised>()) descend(parenthesised->expr);
  if (const auto* call = expr.as<Call>()) {
    for (const ExprPtr& argument : call->arguments)
      descend(argument);
  }
  if (const auto* aggregation = expr.as<Aggregation>()) {
    descend(aggregation->parameter);
    descend(aggregation->expr);
  }
  if (const auto* binary = expr.as<Binary>()) {
    descend(binary->left);
    descend(binary->right);
  }
}

}  // namespace pgvigil::promql
