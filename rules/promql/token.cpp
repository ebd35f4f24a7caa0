#include "rules/promql/token.h"

#include <algorithm>
#include <array>

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

struct Spelling {
  std::string_view text;
  TokenKind kind;
};

/// Sorted by text.
constexpr std::array<Spelling, 39> k_keywords = {{{"anchored", TokenKind::keyword_anchored},
                                                  {"and", TokenKind::keyword_and},
                                                  {"atan2", TokenKind::keyword_atan2},
                                                  {"avg", TokenKind::keyword_avg},
                                                  {"bool", TokenKind::keyword_bool},
                                                  {"bottomk", TokenKind::keyword_bottomk},
                                                  {"by", TokenKind::keyword_by},
                                                  {"count", TokenKind::keyword_count},
                                                  {"count_values", TokenKind::keyword_count_values},
                                                  {"end", TokenKind::keyword_end},
                                                  {"fill", TokenKind::keyword_fill},
                                                  {"fill_left", TokenKind::keyword_fill_left},
                                                  {"fill_right", TokenKind::keyword_fill_right},
                                                  {"group", TokenKind::keyword_group},
                                                  {"group_left", TokenKind::keyword_group_left},
                                                  {"group_right", TokenKind::keyword_group_right},
                                                  {"ignoring", TokenKind::keyword_ignoring},
                                                  {"inf", TokenKind::number},
                                                  {"limit_ratio", TokenKind::keyword_limit_ratio},
                                                  {"limitk", TokenKind::keyword_limitk},
                                                  {"max", TokenKind::keyword_max},
                                                  {"max_of", TokenKind::keyword_max_of},
                                                  {"min", TokenKind::keyword_min},
                                                  {"min_of", TokenKind::keyword_min_of},
                                                  {"nan", TokenKind::number},
                                                  {"offset", TokenKind::keyword_offset},
                                                  {"on", TokenKind::keyword_on},
                                                  {"or", TokenKind::keyword_or},
                                                  {"quantile", TokenKind::keyword_quantile},
                                                  {"range", TokenKind::keyword_range},
                                                  {"smoothed", TokenKind::keyword_smoothed},
                                                  {"start", TokenKind::keyword_start},
                                                  {"stddev", TokenKind::keyword_stddev},
                                                  {"stdvar", TokenKind::keyword_stdvar},
                                                  {"step", TokenKind::keyword_step},
                                                  {"sum", TokenKind::keyword_sum},
                                                  {"topk", TokenKind::keyword_topk},
                                                  {"unless", TokenKind::keyword_unless},
                                                  {"without", TokenKind::keyword_without}}};

constexpr std::array<Spelling, 26> k_signs = {{{"(", TokenKind::left_parenthesis},
                                               {")", TokenKind::right_parenthesis},
                                               {"{", TokenKind::left_brace},
                                               {"}", TokenKind::right_brace},
                                               {"[", TokenKind::left_bracket},
                                               {"]", TokenKind::right_bracket},
                                               {",", TokenKind::comma},
                                               {"=", TokenKind::equals},
                                               {":", TokenKind::colon},
                                               {"-", TokenKind::subtract},
                                               {"+", TokenKind::add},
                                               {"*", TokenKind::multiply},
                                               {"%", TokenKind::modulo},
                                               {"/", TokenKind::divide},
                                               {"==", TokenKind::equal},
                                               {"!=", TokenKind::not_equal},
                                               {"<=", TokenKind::less_or_equal},
                                               {"<", TokenKind::less},
                                               {">=", TokenKind::greater_or_equal},
                                               {">", TokenKind::greater},
                                               {"=~", TokenKind::equal_regex},
                                               {"!~", TokenKind::not_equal_regex},
                                               {"^", TokenKind::power},
                                               {"</", TokenKind::trim_upper},
                                               {">/", TokenKind::trim_lower},
                                               {"@", TokenKind::at}}};

bool is_operator(TokenKind kind) {
  return kind >= TokenKind::add && kind <= TokenKind::keyword_atan2;
}
bool is_other_keyword(TokenKind kind) {
  return kind >= TokenKind::keyword_anchored;
}

std::string_view kind_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::identifier:
      return "identifier";
    case TokenKind::metric_identifier:
      return "metric identifier";
    case TokenKind::string:
      return "string";
    case TokenKind::number:
      return "number";
    case TokenKind::duration:
      return "duration";
    default:
      return "";
  }
}

}  // namespace

std::optional<TokenKind> find_keyword(std::string_view word) {
  std::string lower = lower_case(word);
  auto found = std::find_if(k_keywords.begin(), k_keywords.end(),
                            [&](const Spelling& keyword) { return keyword.text == lower; });
  return found != k_keywords.end() ? std::optional(found->kind) : std::nullopt;
}

std::string_view spelling(TokenKind kind) {
  if (kind == TokenKind::number) return "";
  for (const Spelling& sign : k_signs) {
    if (sign.kind == kind) return sign.text;
  }
  for (const Spelling& keyword : k_keywords) {
    if (keyword.kind == kind) return keyword.text;
  }
  return "";
}

bool is_aggregation(TokenKind kind) {
  return kind >= TokenKind::keyword_avg && kind <= TokenKind::keyword_topk;
}

bool may_name_metric(TokenKind kind) {
  switch (kind) {
    case TokenKind::identifier:
    case TokenKind::metric_identifier:
    case TokenKind::keyword_and:
    case TokenKind::keyword_or:
    case TokenKind::keyword_unless:
    case TokenKind::keyword_by:
    case TokenKind::keyword_without:
    case TokenKind::keyword_offset:
    case TokenKind::keyword_start:
    case TokenKind::keyword_end:
    case TokenKind::keyword_step:
    case TokenKind::keyword_range:
    case TokenKind::keyword_anchored:
    case TokenKind::keyword_smoothed:
    case TokenKind::keyword_max_of:
    case TokenKind::keyword_min_of:
      return true;
    default:
      return is_aggregation(kind);
  }
}

bool may_name_label(TokenKind kind) {
  if (may_name_metric(kind)) return true;
  switch (kind) {
    case TokenKind::keyword_atan2:
    case TokenKind::keyword_bool:
    case TokenKind::keyword_group_left:
    case TokenKind::keyword_group_right:
    case TokenKind::keyword_ignoring:
    case TokenKind::keyword_on:
    case TokenKind::keyword_fill:
    case TokenKind::keyword_fill_left:
    case TokenKind::keyword_fill_right:
      return true;
    default:
      return false;
  }
}

std::string describe(const Token& token, std::string_view query) {
  if (token.kind == TokenKind::end_of_input) return "end of input";
  std::string_view text = query.substr(token.span.begin, token.span.end - token.span.begin);
  if (is_aggregation(token.kind)) return "<aggr:" + std::string(text) + ">";
  if (is_operator(token.kind)) return "<op:" + std::string(text) + ">";
  if (is_other_keyword(token.kind)) return "<" + std::string(text) + ">";
  std::string_view kind = kind_name(token.kind);
  if (kind.empty()) return quoted(text);
  bool name = token.kind == TokenKind::identifier || token.kind == TokenKind::metric_identifier;
  std::string shown = !name && text.size() > 10 ? quoted(text.substr(0, 10)) + "..." : quoted(text);
  return std::string(kind) + " " + shown;
}

}  // namespace pgvigil::promql
