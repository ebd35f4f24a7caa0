#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/metric_catalog.h"
#include "rules/promql/ast.h"
#include "rules/promql/engine.h"

namespace pgvigil::rules {

/// A series that a part of an expression gives.
struct ExplainedSeries {
  promql::LabelsPtr labels;
  double value = 0;           ///< of a range vector: of its last sample
  std::size_t samples = 1;    ///< in the window of a range vector
  std::int64_t first_ms = 0;  ///< of the first of them, Unix time
  std::int64_t last_ms = 0;
};

/// A part of an expression and what it gives.
struct ExplainedNode {
  std::size_t level = 0;  ///< 0 for the whole
  std::string head;       ///< what it adds to the parts below it (head_text())
  std::string text;       ///< all of it
  promql::ValueType type = promql::ValueType::none;
  std::size_t series = 0;
  std::size_t samples = 0;                  ///< of a range vector: of all its series
  std::vector<ExplainedSeries> shown = {};  ///< the first of them
  std::string error = {};                   ///< why there is no value
  std::string why_empty = {};               ///< of the part at which it became empty: a clause
};

/// An expression, part by part, parents first.
struct Explanation {
  std::int64_t t_ms = 0;
  std::vector<ExplainedNode> nodes = {};
  std::string verdict = {};  ///< sentences: why it gives nothing, or what it gives
};

/// What an explanation stands on.
struct ExplainContext {
  const promql::Queryable& storage;
  promql::QueryOptions options = {};
  const MetricCatalog* catalog = nullptr;  ///< to say why a metric is not there
  /// Why a collector that is on gives nothing now ("failed: ..."), as what follows its name; empty when its
  /// last collection succeeded. Without it every one did.
  std::function<std::string(std::string_view collector)> trouble = {};
  std::size_t most_series = 10;  ///< shown at each part
  std::size_t most_parts =
      64;  ///< beyond it nothing is explained: each is evaluated by itself, and its value kept
};

/// Evaluates every part of `expr` at `t_ms` by itself. Pure.
Explanation explain(const promql::Expr& expr, const ExplainContext& context, std::int64_t t_ms);

}  // namespace pgvigil::rules
