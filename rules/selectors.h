#pragma once

#include <functional>

#include "rules/promql/ast.h"

namespace pgvigil::rules {

/// Calls `visit` with every selector of `expr` whose finding nothing is no news that the expression is about:
/// those in absent() and absent_over_time() are left out. The span is that of the selector, without a range.
void for_each_needed_selector(
    const promql::Expr& expr,
    const std::function<void(const promql::VectorSelector& selector, promql::Span span)>& visit);

}  // namespace pgvigil::rules
