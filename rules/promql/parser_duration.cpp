#include <cmath>

#include "rules/promql/duration.h"
#include "rules/promql/number.h"
#include "rules/promql/parser_state.h"

namespace pgvigil::promql {
namespace {

/// Go's time.Duration holds no more seconds than this.
constexpr double k_most_seconds = 9'223'372'036.0;

DurationPtr duration_of(DurationExpr::Kind kind) {
  auto node = std::make_unique<DurationExpr>();
  node->kind = kind;
  return node;
}

DurationPtr negated(DurationPtr operand) {
  if (operand->kind == DurationExpr::Kind::literal && !operand->parenthesised) {
    operand->seconds = -operand->seconds;
    return operand;
  }
  DurationPtr node = duration_of(DurationExpr::Kind::negation);
  node->right = std::move(operand);
  return node;
}

}  // namespace

Expected<double> Parser::literal_seconds(const Token& literal) {
  if (literal.kind == TokenKind::duration) {
    std::expected<std::int64_t, std::string> milliseconds = parse_duration(text(literal));
    if (!milliseconds) return fail(literal.span, milliseconds.error());
    return static_cast<double>(*milliseconds) / 1000;
  }
  std::optional<double> value = promql::parse_number(text(literal));
  if (!value) return fail(literal.span, "error parsing number: " + std::string(text(literal)));
  return *value;
}

Expected<DurationPtr> Parser::parse_positive_duration(std::string_view context, std::string_view expected) {
  switch (token().kind) {
    case TokenKind::number:
    case TokenKind::duration:
    case TokenKind::add:
    case TokenKind::subtract:
    case TokenKind::left_parenthesis:
    case TokenKind::keyword_step:
    case TokenKind::keyword_range:
    case TokenKind::keyword_min:
    case TokenKind::keyword_max:
    case TokenKind::keyword_min_of:
    case TokenKind::keyword_max_of:
      break;
    default:
      return unexpected(context, expected);
  }
  Span span = token().span;
  Expected<DurationPtr> duration = parse_duration_expr(1);
  if (!duration) return duration;
  if ((*duration)->kind == DurationExpr::Kind::literal && !((*duration)->seconds > 0)) {
    return fail(span, "duration must be greater than 0");
  }
  return duration;
}

Expected<DurationPtr> Parser::parse_duration_expr(int minimum_precedence) {
  if (++nesting_ > limits_.tree_depth) {
    return failure_at(Fault::limit, "expression is nested too deeply", query_, token().span);
  }
  Expected<DurationPtr> left = parse_duration_operand();
  std::size_t chained = 0;
  while (left) {
    TokenKind op = token().kind;
    int precedence = binary_precedence(op);
    if (precedence < 4 || op == TokenKind::keyword_atan2 || precedence < minimum_precedence) break;
    if (++chained > limits_.tree_depth) {
      return failure_at(Fault::limit, "expression is nested too deeply", query_, token().span);
    }
    Span sign = token().span;
    advance();
    Expected<DurationPtr> right = parse_duration_expr(op == TokenKind::power ? precedence : precedence + 1);
    if (!right) return right;
    bool divides = op == TokenKind::divide || op == TokenKind::modulo;
    if (divides && (*right)->kind == DurationExpr::Kind::literal && (*right)->seconds == 0) {
      return fail(sign, op == TokenKind::divide ? "division by zero" : "modulo by zero");
    }
    DurationPtr node = duration_of(DurationExpr::Kind::arithmetic);
    node->op = op;
    node->left = std::move(*left);
    node->right = std::move(*right);
    left = std::move(node);
  }
  --nesting_;
  return left;
}

Expected<DurationPtr> Parser::parse_duration_operand() {
  Token first = token();
  advance();
  switch (first.kind) {
    case TokenKind::number:
    case TokenKind::duration: {
      Expected<double> seconds = literal_seconds(first);
      if (!seconds) return std::unexpected(seconds.error());
      if (!(std::abs(*seconds) <= k_most_seconds)) return fail(first.span, "duration out of range");
      DurationPtr literal = duration_of(DurationExpr::Kind::literal);
      literal->seconds = *seconds;
      literal->written_as_duration = first.kind == TokenKind::duration;
      return literal;
    }
    case TokenKind::add:
      return parse_duration_expr(k_power_precedence);
    case TokenKind::subtract: {
      Expected<DurationPtr> operand = parse_duration_expr(k_power_precedence);
      if (!operand) return operand;
      return negated(std::move(*operand));
    }
    case TokenKind::left_parenthesis: {
      Expected<DurationPtr> inner = parse_duration_expr(1);
      if (!inner) return inner;
      if (!accept(TokenKind::right_parenthesis)) return unexpected("", "");
      (*inner)->parenthesised = true;
      return inner;
    }
    case TokenKind::keyword_step:
    case TokenKind::keyword_range:
      if (!accept(TokenKind::left_parenthesis) || !accept(TokenKind::right_parenthesis))
        return unexpected("", "");
      return duration_of(first.kind == TokenKind::keyword_step ? DurationExpr::Kind::step
                                                               : DurationExpr::Kind::range);
    case TokenKind::keyword_min:
    case TokenKind::keyword_max:
    case TokenKind::keyword_min_of:
    case TokenKind::keyword_max_of: {
      bool least = first.kind == TokenKind::keyword_min || first.kind == TokenKind::keyword_min_of;
      DurationPtr node = duration_of(least ? DurationExpr::Kind::minimum : DurationExpr::Kind::maximum);
      if (!accept(TokenKind::left_parenthesis)) return unexpected("", "");
      Expected<DurationPtr> left = parse_duration_expr(1);
      if (!left) return left;
      if (!accept(TokenKind::comma)) return unexpected("", "");
      Expected<DurationPtr> right = parse_duration_expr(1);
      if (!right) return right;
      if (!accept(TokenKind::right_parenthesis)) return unexpected("", "");
      node->left = std::move(*left);
      node->right = std::move(*right);
      return node;
    }
    default:
      --next_;
      return unexpected("", "");
  }
}

/// After `offset` stands one operand: `foo offset 2 ^ 2` is `(foo offset 2) ^ 2`.
Expected<DurationPtr> Parser::parse_offset_duration() {
  bool negative = at(TokenKind::subtract);
  if (negative || at(TokenKind::add)) advance();
  switch (token().kind) {
    case TokenKind::number:
    case TokenKind::duration:
    case TokenKind::left_parenthesis:
    case TokenKind::keyword_step:
    case TokenKind::keyword_range:
    case TokenKind::keyword_min:
    case TokenKind::keyword_max:
    case TokenKind::keyword_min_of:
    case TokenKind::keyword_max_of:
      break;
    default:
      return unexpected("offset", "number, duration, step(), or range()");
  }
  Expected<DurationPtr> operand = parse_duration_operand();
  if (!operand || !negative) return operand;
  return negated(std::move(*operand));
}

}  // namespace pgvigil::promql
