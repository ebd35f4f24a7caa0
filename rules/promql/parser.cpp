#include "rules/promql/parser.h"

#include "rules/promql/lexer.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/text.h"
#include "rules/promql/type_check.h"

namespace pgvigil::promql {
int binary_precedence(TokenKind kind) {
  switch (kind) {
    case TokenKind::keyword_or:
      return 1;
    case TokenKind::keyword_and:
    case TokenKind::keyword_unless:
      return 2;
    case TokenKind::add:
    case TokenKind::subtract:
      return 4;
    case TokenKind::multiply:
    case TokenKind::divide:
    case TokenKind::modulo:
    case TokenKind::keyword_atan2:
      return 5;
    case TokenKind::power:
      return k_power_precedence;
    case TokenKind::trim_lower:
    case TokenKind::trim_upper:
      return 3;
    default:
      return is_comparison(kind) ? 3 : 0;
  }
}

Parser::Parser(std::string_view query, const Limits& limits)
    : query_(query), limits_(limits), tokens_(tokenize(query)) {}

bool Parser::accept(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

void Parser::advance() {
  if (next_ + 1 < tokens_.size()) ++next_;
}

std::unexpected<Error> Parser::fail(Span span, std::string message) const {
  return failure_at(Fault::parse, std::move(message), query_, span);
}

std::unexpected<Error> Parser::unexpected(std::string_view context, std::string_view expected) const {
  if (at(TokenKind::error)) return fail(token().span, token().message);
  std::string message = "unexpected " + describe(token(), query_);
  if (!context.empty()) message.append(" in ").append(context);
  if (!expected.empty()) message.append(", expected ").append(expected);
  return fail(token().span, std::move(message));
}

Expected<ExprPtr> Parser::parse_query() {
  if (at(TokenKind::end_of_input)) return fail({}, "no expression found in input");
  Expected<ExprPtr> expr = parse_expr(1);
  if (!expr) return expr;
  if (!at(TokenKind::end_of_input)) return unexpected("", "");
  if (auto checked = check_types(**expr, query_); !checked) return std::unexpected(checked.error());
  return expr;
}

Expected<std::vector<Matcher>> Parser::parse_only_selector() {
  if (!may_name_metric(token().kind) && !at(TokenKind::left_brace)) return unexpected("", "");
  Expected<ExprPtr> expr = parse_vector_selector();
  if (!expr) return std::unexpected(expr.error());
  if (!at(TokenKind::end_of_input)) return unexpected("", "");
  if (auto checked = check_types(**expr, query_); !checked) return std::unexpected(checked.error());
  return std::move((*expr)->as<VectorSelector>()->matchers);
}

Expected<ExprPtr> Parser::parse_expr(int minimum_precedence) {
  if (++nesting_ > limits_.tree_depth) {
    return failure_at(Fault::limit, "expression is nested too deeply", query_, token().span);
  }
  Expected<ExprPtr> left = parse_operand();
  while (left) {
    int precedence = binary_precedence(token().kind);
    if (precedence == 0 || precedence < minimum_precedence) break;
    left = parse_binary_rest(std::move(*left), precedence);
  }
  --nesting_;
  return left;
}

Expected<ExprPtr> Parser::parse_binary_rest(ExprPtr left, int precedence) {
  Binary binary;
  binary.op = token().kind;
  if (binary.op == TokenKind::trim_lower || binary.op == TokenKind::trim_upper) {
    return failure_at(Fault::unsupported,
                      "native histograms are not supported: operator " + std::string(text(token())), query_,
                      token().span);
  }
  advance();
  if (auto matching = parse_matching(binary); !matching) return std::unexpected(matching.error());
  bool right_associative = binary.op == TokenKind::power;
  Expected<ExprPtr> right = parse_expr(right_associative ? precedence : precedence + 1);
  if (!right) return right;
  Span span{left->span.begin, (*right)->span.end};
  std::size_t depth = deeper(left->depth, *right);
  bool scalars = left->type == ValueType::scalar && (*right)->type == ValueType::scalar;
  binary.left = std::move(left);
  binary.right = std::move(*right);
  return make(std::move(binary), span, depth, scalars ? ValueType::scalar : ValueType::vector);
}

std::expected<void, Error> Parser::parse_matching(Binary& binary) {
  binary.return_bool = accept(TokenKind::keyword_bool);
  VectorMatching& matching = binary.matching;
  if (at(TokenKind::keyword_on) || at(TokenKind::keyword_ignoring)) {
    matching.on = at(TokenKind::keyword_on);
    advance();
    Expected<std::vector<std::string>> labels = parse_label_list();
    if (!labels) return std::unexpected(labels.error());
    matching.labels = std::move(*labels);
    bool left = at(TokenKind::keyword_group_left);
    if (left || at(TokenKind::keyword_group_right)) {
      advance();
      matching.cardinality = left ? Cardinality::many_to_one : Cardinality::one_to_many;
      if (at(TokenKind::left_parenthesis)) {
        Expected<std::vector<std::string>> include = parse_label_list();
        if (!include) return std::unexpected(include.error());
        matching.include = std::move(*include);
      }
    }
  }
  return parse_fill(matching);
}

std::expected<void, Error> Parser::parse_fill(VectorMatching& matching) {
  while (at(TokenKind::keyword_fill) || at(TokenKind::keyword_fill_left) ||
         at(TokenKind::keyword_fill_right)) {
    TokenKind kind = token().kind;
    advance();
    if (!accept(TokenKind::left_parenthesis)) return unexpected("fill modifier", "\"(\"");
    Expected<double> value = parse_signed_number("fill modifier", "number");
    if (!value) return std::unexpected(value.error());
    if (!accept(TokenKind::right_parenthesis)) return unexpected("fill modifier", "\")\"");
    if (kind != TokenKind::keyword_fill_right) matching.fill_left = *value;
    if (kind != TokenKind::keyword_fill_left) matching.fill_right = *value;
  }
  return {};
}

Expected<ExprPtr> Parser::parse_operand() {
  if (at(TokenKind::add) || at(TokenKind::subtract)) return parse_unary();
  Expected<ExprPtr> primary = parse_primary();
  if (!primary) return primary;
  return parse_modifiers(std::move(*primary));
}

Expected<ExprPtr> Parser::parse_unary() {
  Token sign = token();
  advance();
  Expected<ExprPtr> operand = parse_expr(k_power_precedence);
  if (!operand) return operand;
  if (NumberLiteral* number = (*operand)->as<NumberLiteral>()) {
    if (sign.kind == TokenKind::subtract) number->value = -number->value;
    (*operand)->span.begin = sign.span.begin;
    return operand;
  }
  Span span{sign.span.begin, (*operand)->span.end};
  std::size_t depth = (*operand)->depth;
  ValueType type = (*operand)->type;
  return make(Unary{sign.kind, std::move(*operand)}, span, depth, type);
}

Expected<ExprPtr> Parser::parse_primary() {
  switch (token().kind) {
    case TokenKind::left_parenthesis:
      return parse_parenthesised();
    case TokenKind::number:
    case TokenKind::duration:
      return parse_number();
    case TokenKind::string: {
      Span span = token().span;
      std::string value = *unquoted(text(token()));
      advance();
      return make(StringLiteral{std::move(value)}, span, 0, ValueType::string);
    }
    case TokenKind::left_brace:
      return parse_vector_selector();
    default:
      break;
  }
  TokenKind after = token_after().kind;
  bool opens = after == TokenKind::left_parenthesis;
  if (is_aggregation(token().kind) &&
      (opens || after == TokenKind::keyword_by || after == TokenKind::keyword_without)) {
    return parse_aggregation();
  }
  bool names_function =
      at(TokenKind::identifier) || at(TokenKind::keyword_max_of) || at(TokenKind::keyword_min_of);
  if (names_function && opens) return parse_call();
  if (may_name_metric(token().kind)) return parse_vector_selector();
  return unexpected("", "");
}

Expected<ExprPtr> Parser::parse_parenthesised() {
  std::size_t begin = token().span.begin;
  advance();
  Expected<ExprPtr> inner = parse_expr(1);
  if (!inner) return inner;
  if (!accept(TokenKind::right_parenthesis)) return unexpected("", "");
  std::size_t depth = (*inner)->depth;
  ValueType type = (*inner)->type;
  return make(Parenthesised{std::move(*inner)}, {begin, end_of_previous()}, depth, type);
}

Expected<ExprPtr> Parser::parse_number() {
  Token number = token();
  Expected<double> value = literal_seconds(number);
  if (!value) return std::unexpected(value.error());
  advance();
  return make(NumberLiteral{*value, number.kind == TokenKind::duration}, number.span, 0, ValueType::scalar);
}

Expected<double> Parser::parse_signed_number(std::string_view context, std::string_view expected) {
  bool negative = at(TokenKind::subtract);
  if (negative || at(TokenKind::add)) advance();
  if (!at(TokenKind::number) && !at(TokenKind::duration)) return unexpected(context, expected);
  Expected<double> value = literal_seconds(token());
  if (!value) return value;
  advance();
  return negative ? -*value : *value;
}

Expected<ExprPtr> parse_expression(std::string_view query, const Limits& limits) {
  if (query.size() > limits.query_bytes) {
    return failure(Fault::limit, "query is longer than " + std::to_string(limits.query_bytes) + " bytes");
  }
  return Parser(query, limits).parse_query();
}

Expected<std::vector<Matcher>> parse_selector(std::string_view selector, const Limits& limits) {
  if (selector.size() > limits.query_bytes) {
    return failure(Fault::limit, "selector is longer than " + std::to_string(limits.query_bytes) + " bytes");
  }
  return Parser(selector, limits).parse_only_selector();
}

}  // namespace pgvigil::promql
