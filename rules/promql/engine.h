#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"
#include "rules/promql/error.h"
#include "rules/promql/limits.h"
#include "rules/promql/storage.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {

struct QueryOptions {
  std::int64_t lookback_ms = 5 * 60 * 1000;   ///< how long a sample counts, where its series does not say
  std::int64_t subquery_step_ms = 60 * 1000;  ///< of `expr[1h:]`
  Limits limits = {};
  std::function<bool()> cancelled = {};  ///< asked now and then; true ends the query with an error
};

struct QueryResult {
  Value value;
  std::vector<Annotation> annotations;
};

/// Evaluates `expr` at `t_ms` (Unix time, milliseconds). A vector keeps the order that sort() and topk() give
/// it. `expr` may be a part of a larger query. Pure: the clock is the argument, the storage the only source.
Expected<QueryResult> evaluate_instant(const Expr& expr,
                                       const Queryable& storage,
                                       std::int64_t t_ms,
                                       const QueryOptions& options = {});

/// Evaluates `expr` at start_ms, start_ms + step_ms, … up to end_ms: a Matrix. `expr` must be a scalar or a
/// vector.
Expected<QueryResult> evaluate_range(const Expr& expr,
                                     const Queryable& storage,
                                     std::int64_t start_ms,
                                     std::int64_t end_ms,
                                     std::int64_t step_ms,
                                     const QueryOptions& options = {});

}  // namespace pgvigil::promql
