#include <cmath>
#include <limits>

#include "rules/promql/number.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

/// The shift of a selector or a subquery; null for any other expression.
TimeShift* shift_of(Expr& expr) {
  if (auto* selector = expr.as<VectorSelector>()) return &selector->shift;
  if (auto* selector = expr.as<MatrixSelector>()) return &selector->vector.shift;
  if (auto* subquery = expr.as<Subquery>()) return &subquery->shift;
  return nullptr;
}

std::optional<MatchKind> match_kind(TokenKind kind) {
  switch (kind) {
    case TokenKind::equals:
      return MatchKind::equal;
    case TokenKind::not_equal:
      return MatchKind::not_equal;
    case TokenKind::equal_regex:
      return MatchKind::regex;
    case TokenKind::not_equal_regex:
      return MatchKind::not_regex;
    default:
      return std::nullopt;
  }
}

}  // namespace

Expected<ExprPtr> Parser::parse_vector_selector() {
  std::size_t begin = token().span.begin;
  VectorSelector selector;
  if (may_name_metric(token().kind)) {
    selector.name = text(token());
    advance();
  }
  if (accept(TokenKind::left_brace)) {
    if (auto matchers = parse_matchers(selector); !matchers) return std::unexpected(matchers.error());
  }
  if (!selector.name.empty()) {
    selector.matchers.push_back(*Matcher::make(MatchKind::equal, std::string(k_metric_name), selector.name));
  }
  return make(std::move(selector), {begin, end_of_previous()}, 0, ValueType::vector);
}

std::expected<void, Error> Parser::parse_matchers(VectorSelector& selector) {
  while (!accept(TokenKind::right_brace)) {
    Expected<Matcher> matcher = parse_matcher();
    if (!matcher) return std::unexpected(matcher.error());
    selector.matchers.push_back(std::move(*matcher));
    if (!at(TokenKind::right_brace) && !accept(TokenKind::comma)) {
      return unexpected("label matching", "\",\" or \"}\"");
    }
  }
  return {};
}

Expected<Matcher> Parser::parse_matcher() {
  Token label = token();
  if (label.kind != TokenKind::identifier && label.kind != TokenKind::string) {
    return unexpected("label matching", "identifier or \"}\"");
  }
  bool is_quoted = label.kind == TokenKind::string;
  std::string name = is_quoted ? *unquoted(text(label)) : std::string(text(label));
  advance();
  std::optional<MatchKind> kind = match_kind(token().kind);
  if (!kind) {
    if (!is_quoted) return unexpected("label matching", "label matching operator");
    return *Matcher::make(MatchKind::equal, std::string(k_metric_name), std::move(name));
  }
  advance();
  if (!at(TokenKind::string)) return unexpected("label matching", "string");
  Span span{label.span.begin, token().span.end};
  std::string value = *unquoted(text(token()));
  advance();
  std::expected<Matcher, std::string> matcher = Matcher::make(*kind, std::move(name), std::move(value));
  if (!matcher) return fail(span, matcher.error());
  return std::move(*matcher);
}

Expected<ExprPtr> Parser::parse_modifiers(ExprPtr expr) {
  while (true) {
    std::expected<void, Error> done;
    switch (token().kind) {
      case TokenKind::left_bracket: {
        Expected<ExprPtr> selected = parse_brackets(std::move(expr));
        if (!selected) return selected;
        expr = std::move(*selected);
        break;
      }
      case TokenKind::keyword_offset:
        done = parse_offset(*expr);
        break;
      case TokenKind::at:
        done = parse_at(*expr);
        break;
      case TokenKind::keyword_anchored:
      case TokenKind::keyword_smoothed:
        done = parse_borders(*expr);
        break;
      default:
        return expr;
    }
    if (!done) return std::unexpected(done.error());
  }
}

Expected<ExprPtr> Parser::parse_brackets(ExprPtr expr) {
  Span bracket = token().span;
  advance();
  Expected<DurationPtr> range =
      parse_positive_duration("subquery or range selector", "number, duration, step(), or range()");
  if (!range) return std::unexpected(range.error());
  if (at(TokenKind::right_bracket)) return parse_range_end(std::move(expr), bracket, std::move(*range));
  if (!accept(TokenKind::colon)) return unexpected("subquery or range", "\":\" or \"]\"");
  Subquery subquery;
  subquery.range = std::move(*range);
  if (!at(TokenKind::right_bracket)) {
    Expected<DurationPtr> step =
        parse_positive_duration("subquery selector", "number, duration, step(), range(), or \"]\"");
    if (!step) return std::unexpected(step.error());
    subquery.step = std::move(*step);
  }
  if (!accept(TokenKind::right_bracket)) return unexpected("subquery selector", "\"]\"");
  Span span{expr->span.begin, end_of_previous()};
  std::size_t depth = expr->depth;
  subquery.expr = std::move(expr);
  return make(std::move(subquery), span, depth, ValueType::matrix);
}

Expected<ExprPtr> Parser::parse_range_end(ExprPtr expr, Span bracket, DurationPtr range) {
  advance();
  Span brackets{bracket.begin, end_of_previous()};
  VectorSelector* selector = expr->as<VectorSelector>();
  if (selector == nullptr) return fail(brackets, "ranges only allowed for vector selectors");
  if (selector->shift.offset != nullptr) return fail(brackets, "no offset modifiers allowed before range");
  if (selector->shift.has_at()) return fail(brackets, "no @ modifiers allowed before range");
  Span span{expr->span.begin, end_of_previous()};
  MatrixSelector matrix{std::move(*selector), expr->span, std::move(range)};
  return make(std::move(matrix), span, 0, ValueType::matrix);
}

std::expected<void, Error> Parser::parse_offset(Expr& expr) {
  Span span = expr.span;
  advance();
  Expected<DurationPtr> offset = parse_offset_duration();
  if (!offset) return std::unexpected(offset.error());
  TimeShift* shift = shift_of(expr);
  if (shift == nullptr) {
    return fail(
        span,
        "offset modifier must be preceded by an instant vector selector or range vector selector or a "
        "subquery");
  }
  if (shift->offset != nullptr) return fail(span, "offset may not be set multiple times");
  shift->offset = std::move(*offset);
  expr.span.end = end_of_previous();
  return {};
}

std::expected<void, Error> Parser::parse_at(Expr& expr) {
  Span span = expr.span;
  advance();
  TimeShift::Edge edge = TimeShift::Edge::none;
  double seconds = 0;
  bool is_edge = at(TokenKind::keyword_start) || at(TokenKind::keyword_end);
  if (is_edge) {
    edge = at(TokenKind::keyword_start) ? TimeShift::Edge::start : TimeShift::Edge::end;
    advance();
    if (!accept(TokenKind::left_parenthesis)) return unexpected("@", "timestamp");
    if (!accept(TokenKind::right_parenthesis)) return unexpected("@", "timestamp");
  } else {
    Expected<double> value = parse_signed_number("@", "timestamp");
    if (!value) return std::unexpected(value.error());
    seconds = *value;
    constexpr double k_bound = 1e15;  // seconds: sums of milliseconds stay within 63 bits
    if (std::isnan(seconds) || std::abs(seconds) >= k_bound) {
      return fail(span, "timestamp out of bounds for @ modifier: " + format_six_digits(seconds));
    }
  }
  TimeShift* shift = shift_of(expr);
  if (shift == nullptr) {
    return fail(
        span,
        "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  }
  if (shift->has_at()) return fail(span, "@ <timestamp> may not be set multiple times");
  shift->at_edge = edge;
  if (!is_edge) shift->at_ms = std::llround(seconds * 1000);
  expr.span.end = end_of_previous();
  return {};
}

std::expected<void, Error> Parser::parse_borders(Expr& expr) {
  Span span = expr.span;
  bool anchored = at(TokenKind::keyword_anchored);
  std::string word(spelling(token().kind));
  advance();
  if (expr.as<Subquery>() != nullptr) return fail(span, word + " modifier is not supported for subqueries");
  VectorSelector* selector = expr.as<VectorSelector>();
  if (auto* matrix = expr.as<MatrixSelector>()) selector = &matrix->vector;
  if (selector == nullptr) return fail(span, word + " modifier not implemented");
  RangeBorders borders = anchored ? RangeBorders::anchored : RangeBorders::smoothed;
  if (selector->borders != RangeBorders::plain && selector->borders != borders) {
    return fail(span, "anchored and smoothed modifiers cannot be used together");
  }
  selector->borders = borders;
  expr.span.end = end_of_previous();
  return {};
}

}  // namespace pgvigil::promql
