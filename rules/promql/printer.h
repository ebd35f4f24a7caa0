#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace pgvigil::promql {

/// The expression on one line in Prometheus's canonical spelling; parsing it gives the same tree.
std::string to_string(const Expr& expr);

/// The same over several lines where it is long, indented by two spaces a level: what format_query answers.
std::string to_pretty_string(const Expr& expr);

}  // namespace pgvigil::promql
