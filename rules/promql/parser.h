#pragma once

#include <string_view>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/error.h"
#include "rules/promql/limits.h"

namespace pgvigil::promql {

/// Parses and type-checks a PromQL expression: the language of Prometheus 3 with its experimental functions,
/// duration expressions, fill and range modifiers. The error has Fault::parse (or limit, unsupported) and a
/// place.
Expected<ExprPtr> parse_expression(std::string_view query, const Limits& limits = {});

/// The matchers of a series selector, as match[] parameters give it: `up{job="a"}`.
Expected<std::vector<Matcher>> parse_selector(std::string_view selector, const Limits& limits = {});

}  // namespace pgvigil::promql
