#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rules/promql/labels.h"
#include "rules/promql/regex/regex.h"

namespace pgvigil::promql {

enum class MatchKind : std::uint8_t { equal, not_equal, regex, not_regex };

/// One condition of a selector: job="a", mode!~"x|y". A label that is not there counts as empty.
class Matcher {
 public:
  /// The error is that of the regular expression.
  static std::expected<Matcher, std::string> make(MatchKind kind, std::string name, std::string value);

  MatchKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  /// The expression of the two regex kinds; null for the others.
  const Regex* regex() const { return regex_.get(); }

  bool matches(std::string_view value) const;

 private:
  MatchKind kind_ = MatchKind::equal;
  std::string name_;
  std::string value_;
  std::shared_ptr<const Regex> regex_;
};

bool matches_all(std::span<const Matcher> matchers, const Labels& labels);

/// `job="a"`, with the name in quotes where it needs them.
std::string to_string(const Matcher& matcher);

}  // namespace pgvigil::promql
