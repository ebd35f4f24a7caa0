#include "rules/promql/matcher.h"

#include <algorithm>

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

std::string_view sign(MatchKind kind) {
  switch (kind) {
    case MatchKind::equal:
      return "=";
    case MatchKind::not_equal:
      return "!=";
    case MatchKind::regex:
      return "=~";
    case MatchKind::not_regex:
      return "!~";
  }
  return "=";
}

}  // namespace

std::expected<Matcher, std::string> Matcher::make(MatchKind kind, std::string name, std::string value) {
  Matcher matcher;
  matcher.kind_ = kind;
  if (kind == MatchKind::regex || kind == MatchKind::not_regex) {
    std::expected<Regex, std::string> regex = Regex::compile(value);
    if (!regex) return std::unexpected("error parsing regexp: " + regex.error());
    matcher.regex_ = std::make_shared<const Regex>(std::move(*regex));
  }
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  return matcher;
}

bool Matcher::matches(std::string_view value) const {
  switch (kind_) {
    case MatchKind::equal:
      return value == value_;
    case MatchKind::not_equal:
      return value != value_;
    case MatchKind::regex:
      return regex_->matches(value);
    case MatchKind::not_regex:
      return !regex_->matches(value);
  }
  return false;
}

bool matches_all(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(labels.get(matcher.name())); });
}

std::string to_string(const Matcher& matcher) {
  std::string name = is_plain_label_name(matcher.name()) ? matcher.name() : quoted(matcher.name());
  return name + std::string(sign(matcher.kind())) + quoted(matcher.value());
}

}  // namespace pgvigil::promql
