#include "agent/notify/matching/matchers.h"

#include "rules/promql/text.h"

namespace pgvigil::agent::notify {
namespace {

using promql::MatchKind;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Operator {
  MatchKind kind;
  std::size_t width;
};

/// The operator that begins at `at`, which is at '=' or '!'.
std::optional<Operator> operator_at(std::string_view text, std::size_t at) {
  const std::string_view two = text.substr(at, 2);
  if (two == "=~") return Operator{MatchKind::regex, 2};
  if (two == "!~") return Operator{MatchKind::not_regex, 2};
  if (two == "!=") return Operator{MatchKind::not_equal, 2};
  if (text[at] == '=') return Operator{MatchKind::equal, 1};
  return std::nullopt;
}

}  // namespace

std::expected<Matcher, std::string> parse_matcher(std::string_view text) {
  const std::size_t at = text.find_first_of("=!");
  const auto found = at == text.npos ? std::nullopt : operator_at(text, at);
  if (!found)
    return std::unexpected("'" + std::string(text) + "' is no matcher: expected NAME=VALUE, !=, =~ or !~");
  const std::string_view name = trimmed(text.substr(0, at));
  if (!promql::is_utf8_label_name(name))
    return std::unexpected("'" + std::string(text) + "' names no label before its operator");
  const std::string_view written = trimmed(text.substr(at + found->width));
  std::string value(written);
  if (written.starts_with('"')) {
    auto read = promql::unquoted(written);
    if (!read) return std::unexpected("the quotes of '" + std::string(text) + "' do not close");
    value = std::move(*read);
  }
  auto matcher = Matcher::make(found->kind, std::string(name), std::move(value));
  if (!matcher) return std::unexpected("'" + std::string(text) + "': " + matcher.error());
  return matcher;
}

}  // namespace pgvigil::agent::notify
