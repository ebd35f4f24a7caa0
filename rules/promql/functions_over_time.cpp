#include <cmath>

#include "rules/promql/function_library.h"
#include "rules/promql/statistics.h"

namespace pgvigil::promql {
namespace {

std::vector<double> values_of(std::span<const Point> points) {
  std::vector<double> values;
  values.reserve(points.size());
  for (const Point& point : points)
    values.push_back(point.v);
  return values;
}

double seconds_of(const Point& point) {
  return static_cast<double>(point.t_ms) / 1000;
}

/// The point that `better(candidate, best)` prefers; anything is better than NaN.
template <typename Better>
const Point& best_of(std::span<const Point> points, Better better) {
  const Point* best = &points.front();
  for (const Point& point : points) {
    if (better(point.v, best->v) || std::isnan(best->v)) best = &point;
  }
  return *best;
}

}  // namespace

double over_time_avg(const RangeWindow& window, RangeNotes&) {
  RunningMean mean;
  for (const Point& point : window.points)
    mean.add(point.v);
  return mean.mean();
}

double over_time_count(const RangeWindow& window, RangeNotes&) {
  return static_cast<double>(window.points.size());
}
double over_time_first(const RangeWindow& window, RangeNotes&) {
  return window.points.front().v;
}
double over_time_last(const RangeWindow& window, RangeNotes&) {
  return window.points.back().v;
}
double over_time_present(const RangeWindow&, RangeNotes&) {
  return 1;
}

double over_time_mad(const RangeWindow& window, RangeNotes&) {
  std::vector<double> values = values_of(window.points);
  double median = quantile_of(0.5, values);
  for (double& value : values)
    value = std::abs(value - median);
  return quantile_of(0.5, values);
}

double over_time_max(const RangeWindow& window, RangeNotes&) {
  return best_of(window.points, [](double candidate, double best) { return candidate > best; }).v;
}

double over_time_min(const RangeWindow& window, RangeNotes&) {
  return best_of(window.points, [](double candidate, double best) { return candidate < best; }).v;
}

double over_time_quantile(const RangeWindow& window, RangeNotes& notes) {
  double quantile = window.scalars[0];
  if (!(quantile >= 0 && quantile <= 1)) notes.bad_quantile = quantile;
  std::vector<double> values = values_of(window.points);
  return quantile_of(quantile, values);
}

double over_time_stdvar(const RangeWindow& window, RangeNotes&) {
  RunningVariance variance;
  for (const Point& point : window.points)
    variance.add(point.v);
  return variance.variance();
}

double over_time_stddev(const RangeWindow& window, RangeNotes& notes) {
  return std::sqrt(over_time_stdvar(window, notes));
}

double over_time_sum(const RangeWindow& window, RangeNotes&) {
  KahanSum sum;
  for (const Point& point : window.points)
    sum.add(point.v);
  return sum.total();
}

double over_time_ts_of_first(const RangeWindow& window, RangeNotes&) {
  return seconds_of(window.points.front());
}
double over_time_ts_of_last(const RangeWindow& window, RangeNotes&) {
  return seconds_of(window.points.back());
}

double over_time_ts_of_max(const RangeWindow& window, RangeNotes&) {
  return seconds_of(best_of(window.points, [](double candidate, double best) { return candidate >= best; }));
}

double over_time_ts_of_min(const RangeWindow& window, RangeNotes&) {
  return seconds_of(best_of(window.points, [](double candidate, double best) { return candidate <= best; }));
}

}  // namespace pgvigil::promql
