#pragma once

#include <set>
#include <string>

#include "rules/metric_catalog.h"
#include "rules/promql/ast.h"

namespace pgvigil::rules {

/// The labels that the series of an expression can carry, as far as the text and the catalog tell.
struct LabelSet {
  std::set<std::string, std::less<>> labels;
  bool complete = false;  ///< no other label is possible
  bool certain = false;   ///< every series carries all of them, but for
  std::set<std::string, std::less<>> doubtful = {};

  bool can_have(std::string_view label) const { return !complete || labels.contains(label); }
  bool must_have(std::string_view label) const {
    return certain && labels.contains(label) && !doubtful.contains(label);
  }
};

/// The labels of what `expr` gives, without the metric's name.
LabelSet label_set(const promql::Expr& expr, const MetricCatalog& catalog);

/// The metric that a selector names; empty when it names it otherwise than by its name.
std::string metric_of(const promql::VectorSelector& selector);

}  // namespace pgvigil::rules
