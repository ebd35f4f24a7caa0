#include "rules/promql/engine.h"

#include <algorithm>

#include "rules/promql/evaluator.h"
#include "rules/promql/interpolation.h"

namespace pgvigil::promql {
namespace {

constexpr std::int64_t k_time_bound = std::int64_t{1}
                                      << 60;  // sums of times, ranges and offsets stay in 63 bits

bool is_time(std::int64_t t_ms) {
  return t_ms > -k_time_bound && t_ms < k_time_bound;
}

void sort_by_labels(Matrix& matrix) {
  std::sort(matrix.begin(), matrix.end(),
            [](const Series& a, const Series& b) { return *a.labels < *b.labels; });
}

Vector to_vector(const Block& block, std::int64_t t_ms) {
  Vector vector;
  vector.reserve(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    double value = block.cells(i)[0];
    if (!is_absent(value)) vector.push_back({block.row(i).labels, {t_ms, value}});
  }
  return vector;
}

Matrix to_matrix(const Block& block, const StepGrid& grid) {
  Matrix matrix;
  matrix.reserve(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    Series series{block.row(i).labels, {}};
    std::span<const double> cells = block.cells(i);
    for (std::size_t step = 0; step < cells.size(); ++step) {
      if (!is_absent(cells[step])) series.points.push_back({grid.at(step), cells[step]});
    }
    if (!series.points.empty()) matrix.push_back(std::move(series));
  }
  sort_by_labels(matrix);
  return matrix;
}

/// The points of a window as a range vector shows them.
std::vector<Point> shown_points(std::span<const Point> points,
                                std::int64_t begin_ms,
                                std::int64_t end_ms,
                                RangeBorders borders) {
  std::vector<Point> shown;
  if (borders == RangeBorders::plain) {
    for (const Point& point : points) {
      if (point.t_ms > begin_ms && point.t_ms <= end_ms) shown.push_back(point);
    }
    return shown;
  }
  bool smoothed = borders == RangeBorders::smoothed;
  std::optional<BorderedWindow> window = with_borders(points, begin_ms, end_ms, smoothed, false);
  if (!window) return shown;
  shown.push_back({begin_ms, window->left});
  shown.insert(shown.end(), window->inside.begin(), window->inside.end());
  shown.push_back({end_ms, window->right});
  return shown;
}

Expected<Matrix> range_vector(Evaluator& evaluator, const Expr& expr) {
  Expected<RangeInput> input = evaluator.range(expr);
  if (!input) return std::unexpected(input.error());
  std::int64_t end = input->window_end(evaluator.grid().start_ms);
  Matrix matrix;
  for (std::size_t i = 0; i < input->series.size(); ++i) {
    bool drop_name = !input->drop_name.empty() && input->drop_name[i];
    const LabelsPtr& labels = input->series.labels(i);
    Series series{drop_name ? without_metadata(labels) : labels,
                  shown_points(input->series.points(i), end - input->range_ms, end, input->borders)};
    if (!series.points.empty()) matrix.push_back(std::move(series));
  }
  sort_by_labels(matrix);
  for (std::size_t i = 1; i < matrix.size(); ++i) {
    if (*matrix[i - 1].labels == *matrix[i].labels) {
      return failure(Fault::evaluation, "vector cannot contain metrics with the same labelset");
    }
  }
  return matrix;
}

Expected<Block> finished_vector(Evaluator& evaluator, const Expr& expr) {
  Expected<Block> block = evaluator.vector(expr);
  return block ? drop_names(std::move(*block)) : std::move(block);
}

Expected<Value> instant_value(Evaluator& evaluator, const Expr& expr) {
  std::int64_t t_ms = evaluator.grid().start_ms;
  switch (expr.type) {
    case ValueType::string:
      return StringValue{t_ms, without_parentheses(expr).as<StringLiteral>()->value};
    case ValueType::scalar: {
      Expected<std::vector<double>> values = evaluator.scalar(expr);
      if (!values) return std::unexpected(values.error());
      return ScalarValue{{t_ms, values->front()}};
    }
    case ValueType::matrix: {
      Expected<Matrix> matrix = range_vector(evaluator, expr);
      if (!matrix) return std::unexpected(matrix.error());
      return std::move(*matrix);
    }
    case ValueType::vector:
    case ValueType::none:
      break;
  }
  Expected<Block> block = finished_vector(evaluator, expr);
  if (!block) return std::unexpected(block.error());
  return to_vector(*block, t_ms);
}

Expected<Value> range_value(Evaluator& evaluator, const Expr& expr) {
  const StepGrid& grid = evaluator.grid();
  if (expr.type == ValueType::scalar) {
    Expected<std::vector<double>> values = evaluator.scalar(expr);
    if (!values) return std::unexpected(values.error());
    Series series{Labels::none(), {}};
    for (std::size_t step = 0; step < grid.steps; ++step)
      series.points.push_back({grid.at(step), (*values)[step]});
    return Matrix{std::move(series)};
  }
  Expected<Block> block = finished_vector(evaluator, expr);
  if (!block) return std::unexpected(block.error());
  return to_matrix(*block, grid);
}

Expected<QueryResult> with_annotations(Expected<Value> value, QueryContext& context) {
  if (!value) return std::unexpected(value.error());
  return QueryResult{std::move(*value), context.annotations.take()};
}

}  // namespace

Expected<QueryResult> evaluate_instant(const Expr& expr,
                                       const Queryable& storage,
                                       std::int64_t t_ms,
                                       const QueryOptions& options) {
  if (!is_time(t_ms)) return failure(Fault::evaluation, "time is out of range");
  StepGrid grid{t_ms, 1, 1};
  QueryContext context(storage, options, {t_ms, t_ms, 0});
  Evaluator evaluator(context, grid);
  return with_annotations(instant_value(evaluator, expr), context);
}

Expected<QueryResult> evaluate_range(const Expr& expr,
                                     const Queryable& storage,
                                     std::int64_t start_ms,
                                     std::int64_t end_ms,
                                     std::int64_t step_ms,
                                     const QueryOptions& options) {
  if (!is_time(start_ms) || !is_time(end_ms)) return failure(Fault::evaluation, "time is out of range");
  if (step_ms <= 0)
    return failure(Fault::evaluation, "zero or negative query resolution step widths are not accepted");
  if (end_ms < start_ms) return failure(Fault::evaluation, "end timestamp must not be before start time");
  if (expr.type != ValueType::scalar && expr.type != ValueType::vector) {
    return failure(Fault::evaluation, "invalid expression type \"" + std::string(documented_name(expr.type)) +
                                          "\" for range query, must be Scalar or instant Vector");
  }
  auto steps = static_cast<std::size_t>((end_ms - start_ms) / step_ms) + 1;
  if (steps > options.limits.steps) {
    return failure(Fault::limit, "exceeded maximum resolution of " + std::to_string(options.limits.steps) +
                                     " points per timeseries");
  }
  StepGrid grid{start_ms, step_ms, steps};
  QueryContext context(storage, options, {start_ms, end_ms, step_ms});
  Evaluator evaluator(context, grid);
  return with_annotations(range_value(evaluator, expr), context);
}

}  // namespace pgvigil::promql
