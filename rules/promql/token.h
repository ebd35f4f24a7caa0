#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/promql/error.h"

namespace pgvigil::promql {

enum class TokenKind : std::uint8_t {
  end_of_input,
  error,
  comma,
  colon,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  left_parenthesis,
  right_parenthesis,
  equals,  // =
  duration,
  identifier,
  metric_identifier,  // with a colon in it
  number,
  string,
  // operators
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  equal,            // ==
  not_equal,        // !=
  equal_regex,      // =~
  not_equal_regex,  // !~
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  at,
  trim_upper,  // </
  trim_lower,  // >/
  keyword_and,
  keyword_or,
  keyword_unless,
  keyword_atan2,
  // aggregations
  keyword_avg,
  keyword_bottomk,
  keyword_count,
  keyword_count_values,
  keyword_group,
  keyword_limit_ratio,
  keyword_limitk,
  keyword_max,
  keyword_min,
  keyword_quantile,
  keyword_stddev,
  keyword_stdvar,
  keyword_sum,
  keyword_topk,
  // other words
  keyword_anchored,
  keyword_bool,
  keyword_by,
  keyword_end,
  keyword_fill,
  keyword_fill_left,
  keyword_fill_right,
  keyword_group_left,
  keyword_group_right,
  keyword_ignoring,
  keyword_max_of,
  keyword_min_of,
  keyword_offset,
  keyword_on,
  keyword_range,
  keyword_smoothed,
  keyword_start,
  keyword_step,
  keyword_without,
};

/// A word, sign or literal of the query.
struct Token {
  TokenKind kind = TokenKind::end_of_input;
  Span span = {};
  std::string message = {};  ///< of an error token: what is wrong
};

/// The keyword that `word` is, in any case.
std::optional<TokenKind> find_keyword(std::string_view word);
/// The spelling of an operator, aggregation or keyword in lower case; empty for the kinds that have several.
std::string_view spelling(TokenKind kind);

bool is_aggregation(TokenKind kind);
/// Whether a metric may bear this word as its name where an expression is expected.
bool may_name_metric(TokenKind kind);
/// Whether a label may bear this word as its name in by (...), on (...) and the like.
bool may_name_label(TokenKind kind);

/// How Prometheus's messages call the token: `identifier "foo"`, `<op:*>`, `end of input`.
std::string describe(const Token& token, std::string_view query);

}  // namespace pgvigil::promql
