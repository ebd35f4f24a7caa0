#pragma once

#include <expected>
#include <string_view>

#include "rules/promql/ast.h"

namespace pgvigil::promql {

/// Checks that every operator and function of the tree gets what it takes, and settles the cardinality of set
/// operators. The error is the first that Prometheus would report.
std::expected<void, Error> check_types(Expr& expr, std::string_view query);

}  // namespace pgvigil::promql
