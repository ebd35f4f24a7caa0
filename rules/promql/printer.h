#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace pgvigil::promql {

/// The expression on one line in Prometheus's canonical spelling; parsing it gives the same tree.
std::string to_string(const Expr& expr);

/// The same over several lines where it is long, indented by two spaces a level: what format_query answers.
std::string to_pretty_string(const Expr& expr);

/// What the node itself adds to what is below it, which stands as "…": "sum by (instance) (…)", "… > 0.8",
/// "rate(…)". Constant parts are written out; a selector is all its own.
std::string head_text(const Expr& expr);

/// The metric and the conditions of a selector, without its offset and the like.
std::string conditions_text(const VectorSelector& selector);

/// Whether the value is the same at any time and over any data: literals, and arithmetic of them.
bool is_constant(const Expr& expr);

}  // namespace pgvigil::promql
