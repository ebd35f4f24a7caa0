#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/limits.h"
#include "rules/promql/token.h"

namespace pgvigil::promql {

/// The recursive descent over the tokens of one query. Precedence follows Prometheus's grammar:
/// or < and, unless < comparisons < + - < * / % atan2 and unary minus < ^ (right) < offset, @, [range].
class Parser {
 public:
  Parser(std::string_view query, const Limits& limits);

  Expected<ExprPtr> parse_query();
  Expected<std::vector<Matcher>> parse_only_selector();

 private:
  // parser.cpp: expressions
  Expected<ExprPtr> parse_expr(int minimum_precedence);
  Expected<ExprPtr> parse_operand();
  Expected<ExprPtr> parse_unary();
  Expected<ExprPtr> parse_primary();
  Expected<ExprPtr> parse_binary_rest(ExprPtr left, int precedence);
  std::expected<void, Error> parse_matching(Binary& binary);
  std::expected<void, Error> parse_fill(VectorMatching& matching);
  Expected<ExprPtr> parse_parenthesised();
  Expected<ExprPtr> parse_number();
  Expected<double> parse_signed_number(std::string_view context, std::string_view expected);

  // parser_call.cpp: aggregations and functions
  Expected<ExprPtr> parse_aggregation();
  Expected<bool> parse_grouping(Aggregation& aggregation);
  Expected<ExprPtr> parse_call();
  Expected<std::vector<ExprPtr>> parse_arguments();
  Expected<std::vector<std::string>> parse_label_list();
  Expected<std::string> parse_grouping_label();

  // parser_selector.cpp: selectors and what may follow them
  Expected<ExprPtr> parse_vector_selector();
  std::expected<void, Error> parse_matchers(VectorSelector& selector);
  Expected<Matcher> parse_matcher();
  Expected<ExprPtr> parse_modifiers(ExprPtr expr);
  Expected<ExprPtr> parse_brackets(ExprPtr expr);
  Expected<ExprPtr> parse_range_end(ExprPtr expr, Span bracket, DurationPtr range);
  std::expected<void, Error> parse_offset(Expr& expr);
  std::expected<void, Error> parse_at(Expr& expr);
  std::expected<void, Error> parse_borders(Expr& expr);

  // parser_duration.cpp: durations, with arithmetic in brackets
  Expected<DurationPtr> parse_positive_duration(std::string_view context, std::string_view expected);
  Expected<DurationPtr> parse_duration_expr(int minimum_precedence);
  Expected<DurationPtr> parse_duration_operand();
  Expected<DurationPtr> parse_offset_duration();
  Expected<double> literal_seconds(const Token& token);

  // tokens
  const Token& token() const { return tokens_[next_]; }
  const Token& token_after() const { return tokens_[next_ + 1 < tokens_.size() ? next_ + 1 : next_]; }
  bool at(TokenKind kind) const { return token().kind == kind; }
  bool accept(TokenKind kind);
  void advance();
  std::string_view text(const Token& token) const {
    return query_.substr(token.span.begin, token.span.end - token.span.begin);
  }
  std::size_t end_of_previous() const { return next_ == 0 ? 0 : tokens_[next_ - 1].span.end; }

  /// The error "unexpected X in CONTEXT, expected EXPECTED" at the token, or the lexer's own error.
  std::unexpected<Error> unexpected(std::string_view context, std::string_view expected) const;
  std::unexpected<Error> fail(Span span, std::string message) const;

  template <typename Node>
  Expected<ExprPtr> make(Node node, Span span, std::size_t depth_below, ValueType type) const;

  std::string_view query_;
  const Limits& limits_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::size_t nesting_ = 0;
};

template <typename Node>
Expected<ExprPtr> Parser::make(Node node, Span span, std::size_t depth_below, ValueType type) const {
  if (depth_below >= limits_.tree_depth) {
    return failure_at(Fault::limit, "expression is nested too deeply", query_, span);
  }
  auto expr = std::make_unique<Expr>();
  expr->node = std::move(node);
  expr->span = span;
  expr->type = type;
  expr->depth = depth_below + 1;
  return expr;
}

/// The greater of `depth` and the depth of `expr`, which may be null.
inline std::size_t deeper(std::size_t depth, const ExprPtr& expr) {
  return expr == nullptr ? depth : std::max(depth, expr->depth);
}

/// Binds tighter the higher it is; 0 for a token that is no binary operator.
int binary_precedence(TokenKind kind);
inline constexpr int k_power_precedence = 6;

}  // namespace pgvigil::promql
