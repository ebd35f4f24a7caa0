#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "rules/promql/labels.h"

namespace pgvigil::promql {

/// One sample of a series: Unix time in milliseconds, and a value in the unit of the metric.
struct Point {
  std::int64_t t_ms = 0;
  double v = 0;

  bool operator==(const Point&) const = default;
};

/// The bits of the NaN that says "this series ends here", as Prometheus writes it into its storage.
inline constexpr std::uint64_t k_stale_bits = 0x7ff0000000000002;
inline double stale_marker() {
  return std::bit_cast<double>(k_stale_bits);
}
inline bool is_stale(double value) {
  return std::bit_cast<std::uint64_t>(value) == k_stale_bits;
}

inline constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double k_infinity = std::numeric_limits<double>::infinity();

struct Sample {
  LabelsPtr labels;
  Point point;
};
using Vector = std::vector<Sample>;

struct Series {
  LabelsPtr labels;
  std::vector<Point> points;
};
using Matrix = std::vector<Series>;

struct ScalarValue {
  Point point;
};

struct StringValue {
  std::int64_t t_ms = 0;
  std::string text;
};

/// What a query gives: an instant query any of these, a range query a Matrix sorted by labels.
using Value = std::variant<ScalarValue, Vector, Matrix, StringValue>;

}  // namespace pgvigil::promql
