#pragma once

#include <string>
#include <vector>

#include "rules/explain/part_values.h"

namespace pgvigil::rules {

/// Why `part` gives nothing although the parts that it needs give something: a clause ("none of 3 values is
/// > 0.8: the nearest is 0.41, of {...}"). Empty when it gives something, fails, or inherits its emptiness.
std::string why_empty(const promql::Expr& part, PartValues& values);

/// The parts at which `expr` became empty: one, or one of each side of an `or`.
std::vector<const promql::Expr*> where_empty(const promql::Expr& expr, PartValues& values);

/// Why a selector finds nothing: what the catalog says of its metric, or the condition that is not met.
std::string why_nothing_selected(const promql::VectorSelector& selector, PartValues& values);

/// "0.41", "1073741824": six digits are enough to see.
std::string short_number(double value);

}  // namespace pgvigil::rules
