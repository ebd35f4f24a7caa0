#include "tests/promql/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/number.h"
#include "rules/promql/text.h"

namespace pgvigil::promql::conformance {
namespace {

std::unexpected<std::string> differs(const std::string& expected, const std::string& got) {
  return std::unexpected("expected: " + expected + "\n  got:      " + got);
}

std::string points_text(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    text += " " + format_general(point.v) + "@" + format_general(static_cast<double>(point.t_ms) / 1000);
  }
  return text;
}

/// The points that a line of the script stands for, at start, start + step, …
std::vector<Point> points_of(const ExpectedSeries& series, std::int64_t start_ms, std::int64_t step_ms) {
  std::vector<Point> points;
  std::int64_t t_ms = start_ms;
  for (const SequenceValue& value : series.values) {
    if (value.kind == SequenceValue::Kind::number) points.push_back({t_ms, value.value});
    t_ms += step_ms;
  }
  return points;
}

bool same_points(const std::vector<Point>& a, const std::vector<Point>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Point& x, const Point& y) {
    return x.t_ms == y.t_ms && almost_equal(x.v, y.v);
  });
}

Verdict compare_matrix(const Evaluation& expected,
                       const Matrix& matrix,
                       std::int64_t start_ms,
                       std::int64_t step_ms) {
  if (expected.ordered) return std::unexpected("an ordered result is expected, but the query gives a matrix");
  std::vector<bool> seen(expected.series.size(), false);
  for (const Series& series : matrix) {
    auto wanted = std::find_if(expected.series.begin(), expected.series.end(),
                               [&](const ExpectedSeries& other) { return *other.labels == *series.labels; });
    if (wanted == expected.series.end()) {
      return differs("no such series", to_string(*series.labels) + points_text(series.points));
    }
    seen[static_cast<std::size_t>(wanted - expected.series.begin())] = true;
    std::vector<Point> points = points_of(*wanted, start_ms, step_ms);
    if (!same_points(points, series.points)) {
      return differs(to_string(*wanted->labels) + points_text(points),
                     to_string(*series.labels) + points_text(series.points));
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) return differs(to_string(*expected.series[i].labels), "no such series");
  }
  return {};
}

Verdict compare_vector(const Evaluation& expected, const Vector& vector) {
  std::vector<bool> seen(expected.series.size(), false);
  for (std::size_t position = 0; position < vector.size(); ++position) {
    const Sample& sample = vector[position];
    std::string got = to_string(*sample.labels) + " " + format_general(sample.point.v);
    auto wanted = std::find_if(expected.series.begin(), expected.series.end(),
                               [&](const ExpectedSeries& other) { return *other.labels == *sample.labels; });
    if (wanted == expected.series.end()) return differs("no such series", got);
    auto index = static_cast<std::size_t>(wanted - expected.series.begin());
    if (expected.ordered && index != position) {
      return differs("position " + std::to_string(index + 1),
                     "position " + std::to_string(position + 1) + ": " + got);
    }
    seen[index] = true;
    if (wanted->values.empty() || !almost_equal(wanted->values.front().value, sample.point.v)) {
      std::string value = wanted->values.empty() ? "no value" : format_general(wanted->values.front().value);
      return differs(to_string(*wanted->labels) + " " + value, got);
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) return differs(to_string(*expected.series[i].labels), "no such series");
  }
  return {};
}

Verdict compare_severity(const std::vector<Wording>& expected,
                         bool none,
                         std::string_view name,
                         const std::vector<std::string>& texts) {
  if (none && !texts.empty()) return differs("no " + std::string(name), texts.front());
  if (expected.empty()) return {};
  for (const Wording& wording : expected) {
    bool found = std::any_of(texts.begin(), texts.end(),
                             [&](const std::string& text) { return wording.matches(text); });
    if (!found)
      return differs(std::string(name) + ": " + wording.describe(), texts.empty() ? "none" : texts.front());
  }
  for (const std::string& text : texts) {
    bool wanted = std::any_of(expected.begin(), expected.end(),
                              [&](const Wording& wording) { return wording.matches(text); });
    if (!wanted) return differs("no further " + std::string(name), text);
  }
  return {};
}

}  // namespace

bool almost_equal(double a, double b) {
  constexpr double k_epsilon = 1e-6;
  constexpr double k_least = std::numeric_limits<double>::min();
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if ((std::isnan(a) && std::isnan(b)) || a == b) return true;
  double sum = std::abs(a) + std::abs(b);
  double difference = std::abs(a - b);
  if (a == 0 || b == 0 || sum < k_least) return difference < k_epsilon * k_least;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < k_epsilon;
}

Verdict compare_value(const Evaluation& expected, const Value& value) {
  if (const auto* text = std::get_if<StringValue>(&value)) {
    if (expected.text == text->text) return {};
    return differs(expected.text ? quoted(*expected.text) : "no string", quoted(text->text));
  }
  if (const auto* scalar = std::get_if<ScalarValue>(&value)) {
    std::string got = "scalar " + format_general(scalar->point.v);
    if (!expected.scalar) return differs("a vector", got);
    if (almost_equal(*expected.scalar, scalar->point.v)) return {};
    return differs("scalar " + format_general(*expected.scalar), got);
  }
  const auto* matrix = std::get_if<Matrix>(&value);
  if (expected.scalar)
    return differs("scalar " + format_general(*expected.scalar), matrix ? "a matrix" : "a vector");
  if (expected.text) return differs("a string", matrix ? "a matrix" : "a vector");
  if (matrix == nullptr) return compare_vector(expected, std::get<Vector>(value));
  if (!expected.is_range && !expected.range_vector) return differs("an instant vector", "a range vector");
  return expected.is_range
             ? compare_matrix(expected, *matrix, expected.start_ms, expected.step_ms)
             : compare_matrix(expected, *matrix, expected.points_start_ms, expected.points_step_ms);
}

Verdict compare_annotations(const Evaluation& expected, const std::vector<Annotation>& annotations) {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  for (const Annotation& annotation : annotations) {
    (annotation.severity == Severity::warning ? warnings : infos).push_back(to_string(annotation));
  }
  Verdict verdict = compare_severity(expected.warnings, expected.no_warning, "warning", warnings);
  return verdict ? compare_severity(expected.infos, expected.no_info, "info", infos) : verdict;
}

Verdict compare_failure(const Evaluation& expected, const Error& error) {
  std::string got = "error: " + to_string(error);
  if (!expected.fails) return differs("a result", got);
  if (!expected.failure || expected.failure->matches(to_string(error))) return {};
  return differs("error: " + expected.failure->describe(), got);
}

}  // namespace pgvigil::promql::conformance
