#include "rules/promql/interpolation.h"

#include <algorithm>

namespace pgvigil::promql {

double interpolate(const Point& before, const Point& after, std::int64_t t_ms, bool is_counter) {
  double from = is_counter && after.v < before.v ? 0 : before.v;
  auto passed = static_cast<double>(t_ms - before.t_ms);
  return from + (after.v - from) * passed / static_cast<double>(after.t_ms - before.t_ms);
}

double interpolated_value(std::span<const Point> points,
                          std::size_t until,
                          std::int64_t t_ms,
                          std::int64_t lookback_ms) {
  const Point& before = points[until - 1];
  bool is_last = until == points.size() || points[until].t_ms > t_ms + lookback_ms;
  if (before.t_ms == t_ms || is_last) return before.v;
  return interpolate(before, points[until], t_ms, false);
}

std::optional<BorderedWindow> with_borders(std::span<const Point> points,
                                           std::int64_t begin_ms,
                                           std::int64_t end_ms,
                                           bool smoothed,
                                           bool is_counter) {
  if (points.empty()) return std::nullopt;
  std::size_t last = points.size() - 1;
  auto index_of_first = [&](std::size_t bound, auto condition) {
    std::size_t i = 0;
    while (i < bound && !condition(points[i]))
      ++i;
    return i;
  };
  std::size_t behind_begin = index_of_first(last, [&](const Point& point) { return point.t_ms > begin_ms; });
  std::size_t first = behind_begin > 0 ? behind_begin - 1 : 0;
  if (smoothed) last = index_of_first(last, [&](const Point& point) { return point.t_ms >= end_ms; });
  if (points[last].t_ms <= begin_ms) return std::nullopt;
  BorderedWindow window;
  bool left_between = smoothed && points[first].t_ms < begin_ms;
  bool right_between = smoothed && last > 0 && points[last].t_ms > end_ms;
  window.left =
      left_between ? interpolate(points[first], points[first + 1], begin_ms, is_counter) : points[first].v;
  window.right =
      right_between ? interpolate(points[last - 1], points[last], end_ms, is_counter) : points[last].v;
  std::size_t inside_begin = points[first].t_ms <= begin_ms ? first + 1 : first;
  std::size_t inside_end = points[last].t_ms >= end_ms ? last : last + 1;
  if (inside_begin < inside_end) window.inside = points.subspan(inside_begin, inside_end - inside_begin);
  return window;
}

}  // namespace pgvigil::promql
