#include <algorithm>
#include <utility>

#include "rules/promql/evaluator.h"
#include "rules/promql/interpolation.h"

namespace pgvigil::promql {
namespace {

/// How many of the points have a time up to `t_ms`.
std::size_t count_until(std::span<const Point> points, std::int64_t t_ms) {
  auto after = std::upper_bound(points.begin(), points.end(), t_ms,
                                [](std::int64_t t, const Point& point) { return t < point.t_ms; });
  return static_cast<std::size_t>(after - points.begin());
}

/// The sample that counts at `t_ms`: the newest of (t - lookback, t], unless it says that the series has
/// ended.
const Point* newest(std::span<const Point> points,
                    std::size_t until,
                    std::int64_t t_ms,
                    std::int64_t lookback_ms) {
  if (until == 0) return nullptr;
  const Point& point = points[until - 1];
  return point.t_ms > t_ms - lookback_ms && !is_stale(point.v) ? &point : nullptr;
}

bool has_stale(const SeriesSet& series) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    std::span<const Point> points = series.points(i);
    if (std::any_of(points.begin(), points.end(), [](const Point& point) { return is_stale(point.v); }))
      return true;
  }
  return false;
}

SeriesSet without_stale(const SeriesSet& series) {
  SeriesSet kept;
  for (std::size_t i = 0; i < series.size(); ++i) {
    kept.add_series(series.labels(i), series.lookback_ms(i));
    for (const Point& point : series.points(i)) {
      if (!is_stale(point.v)) kept.add_point(point);
    }
  }
  return kept;
}

}  // namespace

Expected<SeriesSet> Evaluator::select(const VectorSelector& selector,
                                      std::int64_t from_ms,
                                      std::int64_t to_ms) {
  Expected<SeriesSet> series = context_.storage.select(selector.matchers, from_ms, to_ms);
  if (!series) return series;
  if (series->point_count() > context_.options.limits.samples) return too_many_samples();
  return series;
}

std::optional<std::int64_t> Evaluator::resolve_at(const TimeShift& shift) const {
  switch (shift.at_edge) {
    case TimeShift::Edge::start:
      return context_.times.start_ms;
    case TimeShift::Edge::end:
      return context_.times.end_ms;
    case TimeShift::Edge::none:
      break;
  }
  return shift.at_ms;
}

Expected<Block> Evaluator::select_instant(const VectorSelector& selector, Taken taken) {
  Expected<std::int64_t> offset = resolve(selector.shift.offset, 0, true);
  if (!offset) return std::unexpected(offset.error());
  std::optional<std::int64_t> at = resolve_at(selector.shift);
  auto reference = [&](std::size_t step) { return at.value_or(grid_.at(step)) - *offset; };
  bool smoothed = selector.borders == RangeBorders::smoothed;
  std::int64_t lookback = context_.options.lookback_ms;
  std::int64_t last = reference(grid_.steps - 1) + (smoothed ? lookback : 0);
  Expected<SeriesSet> series = select(selector, reference(0) - lookback + 1, last);
  if (!series) return std::unexpected(series.error());
  if (smoothed) *series = without_stale(*series);
  Expected<Block> block = new_block(series->size());
  if (!block) return block;
  for (std::size_t i = 0; i < series->size(); ++i) {
    std::span<const Point> points = series->points(i);
    std::int64_t own_lookback = series->lookback_ms(i) > 0 ? series->lookback_ms(i) : lookback;
    std::size_t row = block->add_row({series->labels(i)});
    std::span<double> cells = block->cells(row);
    std::size_t until = count_until(points, reference(0));
    bool any = false;
    for (std::size_t step = 0; step < grid_.steps; ++step) {
      std::int64_t t = reference(step);
      while (until < points.size() && points[until].t_ms <= t)
        ++until;
      const Point* point = newest(points, until, t, own_lookback);
      if (point == nullptr) continue;
      any = true;
      if (taken == Taken::time)
        cells[step] = static_cast<double>(point->t_ms) / 1000;
      else
        cells[step] = smoothed ? interpolated_value(points, until, t, own_lookback) : point->v;
    }
    if (!any) block->drop_last_row();
  }
  return block;
}

Expected<RangeInput> Evaluator::range(const Expr& expr) {
  const Expr& inner = without_parentheses(expr);
  if (const auto* selector = inner.as<MatrixSelector>()) return select_range(*selector);
  if (const auto* subquery_expr = inner.as<Subquery>()) return subquery(*subquery_expr);
  return failure(Fault::evaluation, "expected a range vector");
}

Expected<RangeInput> Evaluator::select_range(const MatrixSelector& selector) {
  Expected<std::int64_t> range_ms = resolve(selector.range, 0, false);
  if (!range_ms) return std::unexpected(range_ms.error());
  Expected<std::int64_t> offset = resolve(selector.vector.shift.offset, 0, true);
  if (!offset) return std::unexpected(offset.error());
  RangeInput input;
  input.range_ms = *range_ms;
  input.offset_ms = *offset;
  input.at_ms = resolve_at(selector.vector.shift);
  input.borders = selector.vector.borders;
  std::int64_t lookback = context_.options.lookback_ms;
  std::int64_t before = input.borders == RangeBorders::plain ? 0 : lookback;
  std::int64_t after = input.borders == RangeBorders::smoothed ? lookback : 0;
  std::int64_t from = input.window_end(grid_.start_ms) - *range_ms - before + 1;
  Expected<SeriesSet> series = select(selector.vector, from, input.window_end(grid_.end_ms()) + after);
  if (!series) return std::unexpected(series.error());
  input.series = has_stale(*series) ? without_stale(*series) : std::move(*series);
  std::size_t points = input.series.point_count();
  if (!context_.budget.take(points)) return too_many_samples();
  input.lease = SampleLease(context_.budget, points);
  return input;
}

Expected<RangeInput> Evaluator::subquery(const Subquery& subquery) {
  Expected<std::int64_t> range_ms = resolve(subquery.range, 0, false);
  if (!range_ms) return std::unexpected(range_ms.error());
  Expected<std::int64_t> step_ms = resolve(subquery.step, context_.options.subquery_step_ms, false);
  if (!step_ms) return std::unexpected(step_ms.error());
  Expected<std::int64_t> offset = resolve(subquery.shift.offset, 0, true);
  if (!offset) return std::unexpected(offset.error());
  RangeInput input;
  input.range_ms = *range_ms;
  input.offset_ms = *offset;
  input.at_ms = resolve_at(subquery.shift);
  // The steps are multiples of the step, so that neighbouring evaluations see the same ones.
  std::int64_t first_begin = input.window_end(grid_.start_ms) - *range_ms;
  std::int64_t end = input.window_end(grid_.end_ms());
  std::int64_t start = first_begin / *step_ms * *step_ms;
  if (start <= first_begin) start += *step_ms;
  if (start > end) return input;
  auto steps = static_cast<std::size_t>((end - start) / *step_ms) + 1;
  if (steps > context_.options.limits.samples) return too_many_samples();
  Evaluator inner(context_, {start, *step_ms, steps});
  Expected<Block> block = inner.vector(*subquery.expr);
  if (!block) return std::unexpected(block.error());
  std::size_t cells = block->size() * steps;
  if (!context_.budget.take(cells)) return too_many_samples();
  input.lease = SampleLease(context_.budget, cells);
  for (std::size_t i = 0; i < block->size(); ++i) {
    input.series.add_series(block->row(i).labels);
    input.drop_name.push_back(block->row(i).drop_name);
    std::span<const double> values = std::as_const(*block).cells(i);
    for (std::size_t step = 0; step < steps; ++step) {
      if (!is_absent(values[step])) input.series.add_point({inner.grid_.at(step), values[step]});
    }
  }
  return input;
}

}  // namespace pgvigil::promql
