#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"
#include "rules/promql/block.h"
#include "rules/promql/engine.h"
#include "rules/promql/functions.h"
#include "rules/promql/storage.h"

namespace pgvigil::promql {

/// The times at which a tree is evaluated: start, start + step, …
struct StepGrid {
  std::int64_t start_ms = 0;
  std::int64_t step_ms = 1;
  std::size_t steps = 1;

  std::int64_t at(std::size_t step) const { return start_ms + static_cast<std::int64_t>(step) * step_ms; }
  std::int64_t end_ms() const { return at(steps - 1); }
};

/// What start(), end(), step() and range() mean in a query. An instant query has no step.
struct QueryTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;
};

/// What all evaluators of one query share.
struct QueryContext {
  QueryContext(const Queryable& queried, const QueryOptions& query_options, QueryTimes query_times)
      : storage(queried), options(query_options), times(query_times), budget(query_options.limits.samples) {}

  const Queryable& storage;
  const QueryOptions& options;
  QueryTimes times;
  SampleBudget budget;
  std::size_t scanned = 0;  ///< samples that range functions have looked at
  Annotations annotations;
  std::unordered_map<const Expr*, bool> invariance;  ///< of the nodes asked so far
};

/// The samples of range vectors: stale markers left out, and where each series' windows lie.
struct RangeInput {
  SeriesSet series;
  SampleLease lease;
  std::int64_t range_ms = 0;
  std::int64_t offset_ms = 0;
  std::optional<std::int64_t> at_ms = {};
  RangeBorders borders = RangeBorders::plain;
  std::vector<bool> drop_name = {};  ///< of each series; empty: none

  /// The end of the window that belongs to the evaluation at `t_ms`.
  std::int64_t window_end(std::int64_t t_ms) const { return at_ms.value_or(t_ms) - offset_ms; }
};

/// Evaluates the nodes of a tree over a grid. Every node gives values for the whole grid: selectors ask the
/// storage once. Types have been checked: vector() is called for vectors, scalar() for scalars.
class Evaluator {
 public:
  Evaluator(QueryContext& context, StepGrid grid) : context_(context), grid_(grid) {}

  Expected<Block> vector(const Expr& expr);
  /// One value a step.
  Expected<std::vector<double>> scalar(const Expr& expr);
  /// The samples of a range selector or a subquery, for all steps.
  Expected<RangeInput> range(const Expr& expr);

  const StepGrid& grid() const { return grid_; }
  QueryContext& context() { return context_; }
  /// An empty block that may grow to `rows` rows, paid for from the budget.
  Expected<Block> new_block(std::size_t rows);
  std::expected<void, Error> count_scanned(std::size_t samples);

  /// The values of a vector selector, or, for timestamp(), the times of its samples in seconds.
  enum class Taken : std::uint8_t { value, time };
  Expected<Block> select_instant(const VectorSelector& selector, Taken taken);

 private:
  Expected<Block> vector_uncached(const Expr& expr);
  Expected<Block> call_vector(const Call& call);
  Expected<Block> call_sample_function(const Call& call);
  Expected<Block> call_range_function(const Call& call);
  Expected<Block> negate(const Unary& unary);
  Expected<Block> binary(const Binary& binary);
  Expected<std::vector<double>> scalar_binary(const Binary& binary);
  Expected<RangeInput> subquery(const Subquery& subquery);
  Expected<RangeInput> select_range(const MatrixSelector& selector);
  bool is_step_invariant(const Expr& expr);
  Expected<std::int64_t> resolve(const DurationPtr& duration,
                                 std::int64_t when_missing,
                                 bool may_be_negative);
  std::optional<std::int64_t> resolve_at(const TimeShift& shift) const;
  Expected<SeriesSet> select(const VectorSelector& selector, std::int64_t from_ms, std::int64_t to_ms);

  QueryContext& context_;
  StepGrid grid_;
};

/// The error that ends a query over Limits::samples.
std::unexpected<Error> too_many_samples();

// binary.cpp
double compute(TokenKind op, double left, double right);
bool compare(TokenKind op, double left, double right);
Expected<Block> vector_scalar(const Binary& binary,
                              Block vector,
                              std::span<const double> scalars,
                              bool scalar_is_left);
// vector_matching.cpp
Expected<Block> match_vectors(Evaluator& evaluator,
                              const Binary& binary,
                              const Block& left,
                              const Block& right);
// set_operators.cpp
Expected<Block> combine_sets(Evaluator& evaluator, const Binary& binary, Block left, Block right);
// aggregation.cpp
Expected<Block> aggregate(Evaluator& evaluator, const Aggregation& aggregation);
// selection.cpp: topk, bottomk, limitk, limit_ratio
Expected<Block> select_rows(Evaluator& evaluator,
                            const Aggregation& aggregation,
                            Block input,
                            std::span<const double> parameters);
// range_call.cpp: a function over the windows of range vectors
Expected<Block> apply_range_function(Evaluator& evaluator, const Call& call, const RangeInput& input);

}  // namespace pgvigil::promql
