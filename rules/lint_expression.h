#pragma once

#include "rules/lint.h"

namespace pgvigil::rules {

/// What is likely to be wrong in `expr`, an expression of `rule`: its selectors, ranges, calls and operators.
void lint_expression(const Rule& rule,
                     const promql::Expr& expr,
                     Finding::Where where,
                     const MetricCatalog* catalog,
                     std::vector<Finding>& findings);

/// Whether anything in `expr` is compared.
bool contains_comparison(const promql::Expr& expr);

}  // namespace pgvigil::rules
