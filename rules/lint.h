#pragma once

#include <string>
#include <vector>

#include "rules/metric_catalog.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// Something in a rule that parses and yet is likely to be wrong.
struct Finding {
  enum class Where : std::uint8_t { rule, expr, clear, labels, annotations };
  Where where = Where::rule;
  promql::Span span = {};  ///< of the expression
  std::string key = {};    ///< the label or annotation
  std::string message;     ///< lower case, no full stop
  std::string hint;        ///< a sentence
};

/// What a person should look at in `rule`. The lints are those of published rules that never fire, or never
/// stop: a metric or a label that nobody gives, joins that cannot match, ranges too short for their
/// collector, rate() of a gauge, count() compared with 0, a counter compared with a number, and the like.
/// `catalog` may be null.
std::vector<Finding> lint(const Rule& rule, const MetricCatalog* catalog);

}  // namespace pgvigil::rules
