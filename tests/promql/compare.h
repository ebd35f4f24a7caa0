#pragma once

#include <expected>
#include <string>

#include "rules/promql/engine.h"
#include "tests/promql/script.h"

namespace pgvigil::promql::conformance {

/// Nothing, or what was expected and what came instead.
using Verdict = std::expected<void, std::string>;

/// Equal within a relative 1e-6; NaN equals NaN.
bool almost_equal(double a, double b);

Verdict compare_value(const Evaluation& expected, const Value& value);
Verdict compare_annotations(const Evaluation& expected, const std::vector<Annotation>& annotations);
Verdict compare_failure(const Evaluation& expected, const Error& error);

}  // namespace pgvigil::promql::conformance
