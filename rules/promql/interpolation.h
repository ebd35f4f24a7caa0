#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rules/promql/value.h"

namespace pgvigil::promql {

/// The value at `t_ms` on the line through two points. A counter that fell between them began again at 0.
double interpolate(const Point& before, const Point& after, std::int64_t t_ms, bool is_counter);

/// The value of a smoothed selector at `t_ms`: between the sample before and the one after it, when that is
/// not further than the look-back; `until` points have a time up to t_ms, at least one.
double interpolated_value(std::span<const Point> points,
                          std::size_t until,
                          std::int64_t t_ms,
                          std::int64_t lookback_ms);

/// The points of a window whose borders are anchored or smoothed: values at both borders, the points between
/// them.
struct BorderedWindow {
  double left = 0;
  double right = 0;
  std::span<const Point> inside = {};
};

/// Nothing when no point lies behind the begin. Smoothed borders are interpolated, anchored ones take the
/// sample before them.
std::optional<BorderedWindow> with_borders(std::span<const Point> points,
                                           std::int64_t begin_ms,
                                           std::int64_t end_ms,
                                           bool smoothed,
                                           bool is_counter);

}  // namespace pgvigil::promql
