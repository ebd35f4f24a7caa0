#include <algorithm>
#include <cmath>

#include "rules/promql/function_library.h"
#include "rules/promql/number.h"
#include "rules/promql/statistics.h"

namespace pgvigil::promql {
namespace {

struct Line {
  double slope = 0;      ///< a second
  double intercept = 0;  ///< at the time asked for
};

/// The line of least squares through the points, its intercept at `origin_ms`.
Line least_squares(std::span<const Point> points, std::int64_t origin_ms) {
  double first = points.front().v;
  bool constant =
      std::all_of(points.begin(), points.end(), [&](const Point& point) { return point.v == first; });
  if (points.size() == 1) constant = true;
  if (constant) return std::isinf(first) ? Line{k_nan, k_nan} : Line{0, first};
  KahanSum x_sum;
  KahanSum y_sum;
  KahanSum xy_sum;
  KahanSum xx_sum;
  for (const Point& point : points) {
    double x = static_cast<double>(point.t_ms - origin_ms) / 1000;
    x_sum.add(x);
    y_sum.add(point.v);
    xy_sum.add(x * point.v);
    xx_sum.add(x * x);
  }
  auto n = static_cast<double>(points.size());
  double covariance = xy_sum.total() - x_sum.total() * y_sum.total() / n;
  double variance = xx_sum.total() - x_sum.total() * x_sum.total() / n;
  double slope = covariance / variance;
  return {slope, y_sum.total() / n - slope * x_sum.total() / n};
}

/// A message when a factor of smoothing is out of (0, 1); NaN passes, as in Prometheus.
std::optional<std::string> check_factor(std::string_view name, double factor) {
  if (!(factor <= 0) && !(factor >= 1)) return std::nullopt;
  return "invalid " + std::string(name) + " factor. Expected: 0 < " + (name == "smoothing" ? "sf" : "tf") +
         " < 1, got: " + format_six_digits(factor);
}

}  // namespace

double trend_deriv(const RangeWindow& window, RangeNotes&) {
  if (window.points.size() < 2) return absent();
  // An origin near the samples keeps the digits.
  return least_squares(window.points, window.points.front().t_ms).slope;
}

double trend_predict_linear(const RangeWindow& window, RangeNotes&) {
  if (window.points.size() < 2) return absent();
  Line line = least_squares(window.points, window.evaluated_at_ms);
  return line.slope * window.scalars[0] + line.intercept;
}

/// Holt's linear method: level and trend, each smoothed by its own factor.
double trend_double_exponential_smoothing(const RangeWindow& window, RangeNotes& notes) {
  double smoothing = window.scalars[0];
  double trending = window.scalars[1];
  notes.error = check_factor("smoothing", smoothing);
  if (!notes.error) notes.error = check_factor("trend", trending);
  std::span<const Point> points = window.points;
  if (notes.error || points.size() < 2) return absent();
  double previous_level = 0;
  double level = points[0].v;
  double trend = points[1].v - points[0].v;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (i > 1) trend = trending * (level - previous_level) + (1 - trending) * trend;
    previous_level = level;
    level = smoothing * points[i].v + (1 - smoothing) * (level + trend);
  }
  return level;
}

}  // namespace pgvigil::promql
