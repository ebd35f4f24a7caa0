#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/matcher.h"

namespace pgvigil::agent::notify {

using promql::Matcher;
using Matchers = std::vector<Matcher>;

/// `severity="critical"`, `team=~dba|sre`, `datname!=postgres`: as amtool takes them, the value with or
/// without quotes. The error says what is wrong.
std::expected<Matcher, std::string> parse_matcher(std::string_view text);

}  // namespace pgvigil::agent::notify
