#include <algorithm>
#include <cmath>

#include "rules/promql/function_library.h"
#include "rules/promql/interpolation.h"

namespace pgvigil::promql {
namespace {

enum class Meter : std::uint8_t { counter, gauge };
enum class Result : std::uint8_t { per_second, total };

/// What a counter lost at its resets: the value before each fall.
double lost_at_resets(double first, std::span<const Point> points) {
  double lost = 0;
  double previous = first;
  for (const Point& point : points) {
    if (point.v < previous) lost += previous;
    previous = point.v;
  }
  return lost;
}

/// The change between two borders that are known (anchored) or interpolated (smoothed): nothing to
/// extrapolate.
double bordered_change(const RangeWindow& window, Meter meter, Result result) {
  bool smoothed = window.borders == RangeBorders::smoothed;
  bool is_counter = meter == Meter::counter;
  std::optional<BorderedWindow> borders =
      with_borders(window.points, window.begin_ms, window.end_ms, smoothed, is_counter);
  if (!borders) return absent();
  double change = borders->right - borders->left;
  if (is_counter) {
    change += lost_at_resets(borders->left, borders->inside);
    double last = borders->inside.empty() ? borders->left : borders->inside.back().v;
    if (borders->right < last) change += last;
  }
  return result == Result::per_second ? change / window.range_seconds() : change;
}

/// Prometheus's rate(), increase() and delta(): the change between the first and the last sample,
/// extrapolated to the borders of the window where samples are so near that the series seems to go on there
/// (within 1.1 times the mean distance of samples), else by half that distance; a counter is not extrapolated
/// below zero.
double extrapolated_change(const RangeWindow& window, Meter meter, Result result) {
  if (window.borders != RangeBorders::plain) return bordered_change(window, meter, result);
  std::span<const Point> points = window.points;
  if (points.size() < 2) return absent();
  double change = points.back().v - points.front().v;
  if (meter == Meter::counter) change += lost_at_resets(points.front().v, points.subspan(1));
  double to_start = static_cast<double>(points.front().t_ms - window.begin_ms) / 1000;
  double to_end = static_cast<double>(window.end_ms - points.back().t_ms) / 1000;
  double sampled = static_cast<double>(points.back().t_ms - points.front().t_ms) / 1000;
  double mean_distance = sampled / static_cast<double>(points.size() - 1);
  double threshold = mean_distance * 1.1;
  if (to_start >= threshold) to_start = mean_distance / 2;
  if (meter == Meter::counter && change > 0 && points.front().v >= 0) {
    double to_zero = sampled * (points.front().v / change);
    to_start = std::min(to_start, to_zero);
  }
  if (to_end >= threshold) to_end = mean_distance / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (result == Result::per_second) factor /= window.range_seconds();
  return change * factor;
}

/// The change between the last two samples.
double instant_change(const RangeWindow& window, Meter meter, Result result) {
  if (window.points.size() < 2) return absent();
  const Point& last = window.points.back();
  const Point& before = window.points[window.points.size() - 2];
  if (last.t_ms == before.t_ms) return absent();
  bool reset = meter == Meter::counter && last.v < before.v;
  double change = reset ? last.v : last.v - before.v;
  return result == Result::per_second ? change / (static_cast<double>(last.t_ms - before.t_ms) / 1000)
                                      : change;
}

/// The points of the window; when it is anchored, from the one before its begin.
std::span<const Point> anchored_points(const RangeWindow& window) {
  if (window.borders != RangeBorders::anchored) return window.points;
  std::span<const Point> points = window.points;
  if (points.back().t_ms <= window.begin_ms) return {};
  while (points.size() > 1 && points[1].t_ms <= window.begin_ms)
    points = points.subspan(1);
  return points;
}

template <typename Condition>
double count_neighbours(const RangeWindow& window, Condition condition) {
  std::span<const Point> points = anchored_points(window);
  if (points.empty()) return absent();
  double count = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (condition(points[i - 1].v, points[i].v)) count += 1;
  }
  return count;
}

}  // namespace

double rate_changes(const RangeWindow& window, RangeNotes&) {
  return count_neighbours(window, [](double before, double after) {
    return before != after && !(std::isnan(before) && std::isnan(after));
  });
}

double rate_resets(const RangeWindow& window, RangeNotes&) {
  return count_neighbours(window, [](double before, double after) { return after < before; });
}

double rate_delta(const RangeWindow& window, RangeNotes&) {
  return extrapolated_change(window, Meter::gauge, Result::total);
}

double rate_increase(const RangeWindow& window, RangeNotes&) {
  return extrapolated_change(window, Meter::counter, Result::total);
}

double rate_rate(const RangeWindow& window, RangeNotes&) {
  return extrapolated_change(window, Meter::counter, Result::per_second);
}

double rate_idelta(const RangeWindow& window, RangeNotes&) {
  return instant_change(window, Meter::gauge, Result::total);
}

double rate_irate(const RangeWindow& window, RangeNotes&) {
  return instant_change(window, Meter::counter, Result::per_second);
}

}  // namespace pgvigil::promql
