#include "rules/promql/memory_storage.h"

#include <algorithm>

namespace pgvigil::promql {
namespace {

/// The first point that is not before `t_ms`. Looks from the end, in growing strides: queries ask for what is
/// new.
auto first_from(const std::vector<Point>& points, std::int64_t t_ms) {
  auto end = points.end();
  for (std::ptrdiff_t stride = 1; end - points.begin() > stride; stride *= 2) {
    if ((end - stride)->t_ms < t_ms) {
      return std::lower_bound(end - stride, end, t_ms,
                              [](const Point& point, std::int64_t t) { return point.t_ms < t; });
    }
    end -= stride;
  }
  return std::lower_bound(points.begin(), end, t_ms,
                          [](const Point& point, std::int64_t t) { return point.t_ms < t; });
}

}  // namespace

void MemoryStorage::append(const LabelsPtr& labels, std::span<const Point> points) {
  std::vector<Point>& stored = by_name_[std::string(labels->metric_name())][labels];
  for (const Point& point : points) {
    if (stored.empty() || stored.back().t_ms < point.t_ms) {
      stored.push_back(point);
      continue;
    }
    auto place = stored.begin() + (first_from(stored, point.t_ms) - stored.cbegin());
    if (place->t_ms == point.t_ms) {
      *place = point;
    } else {
      stored.insert(place, point);
    }
  }
}

std::size_t MemoryStorage::size() const {
  std::size_t count = 0;
  for (const auto& [name, series] : by_name_)
    count += series.size();
  return count;
}

Expected<SeriesSet> MemoryStorage::select(std::span<const Matcher> matchers,
                                          std::int64_t from_ms,
                                          std::int64_t to_ms) const {
  SeriesSet found;
  auto take_from = [&](const SeriesOfName& of_name, std::span<const Matcher> conditions) {
    for (const auto& [labels, points] : of_name) {
      if (!matches_all(conditions, *labels)) continue;
      if (points.empty()) continue;
      auto begin = first_from(points, from_ms);
      auto end = to_ms < points.back().t_ms ? first_from(points, to_ms + 1) : points.end();
      if (begin == end) continue;
      found.add_series(labels);
      found.add_points({begin, end});
    }
  };
  std::vector<Matcher> others;
  std::vector<Matcher> of_name;
  for (const Matcher& matcher : matchers)
    (matcher.name() == k_metric_name ? of_name : others).push_back(matcher);
  auto exact = std::find_if(of_name.begin(), of_name.end(),
                            [](const Matcher& matcher) { return matcher.kind() == MatchKind::equal; });
  for (auto name = exact == of_name.end() ? by_name_.begin() : by_name_.find(exact->value());
       name != by_name_.end(); ++name) {
    bool wanted = std::all_of(of_name.begin(), of_name.end(),
                              [&](const Matcher& matcher) { return matcher.matches(name->first); });
    if (wanted) take_from(name->second, others);
    if (exact != of_name.end()) break;
  }
  return found;
}

}  // namespace pgvigil::promql
