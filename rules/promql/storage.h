#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rules/promql/error.h"
#include "rules/promql/matcher.h"
#include "rules/promql/value.h"

namespace pgvigil::promql {

/// The series that a selector found, with their samples: one block of memory for all samples.
class SeriesSet {
 public:
  /// Begins a series. `lookback_ms` is how long a sample of it counts when no newer one comes; 0 leaves it to
  /// the query (a collector that runs every hour gives its series two hours).
  void add_series(LabelsPtr labels, std::int64_t lookback_ms = 0) {
    series_.push_back({std::move(labels), points_.size(), lookback_ms});
  }
  /// Appends samples to the last series, in the order of time.
  void add_points(std::span<const Point> points) {
    points_.insert(points_.end(), points.begin(), points.end());
  }
  void add_point(Point point) { points_.push_back(point); }

  std::size_t size() const { return series_.size(); }
  const LabelsPtr& labels(std::size_t i) const { return series_[i].labels; }
  std::int64_t lookback_ms(std::size_t i) const { return series_[i].lookback_ms; }
  std::span<const Point> points(std::size_t i) const {
    std::size_t end = i + 1 < series_.size() ? series_[i + 1].begin : points_.size();
    return std::span(points_).subspan(series_[i].begin, end - series_[i].begin);
  }
  std::size_t point_count() const { return points_.size(); }

 private:
  struct Entry {
    LabelsPtr labels;
    std::size_t begin;
    std::int64_t lookback_ms;
  };
  std::vector<Entry> series_;
  std::vector<Point> points_;
};

/// Where the evaluator finds series. Implementations answer from memory; one query asks from one thread.
class Queryable {
 public:
  virtual ~Queryable() = default;

  /// The series that match all of `matchers`, with their samples of [from_ms, to_ms], stale markers included,
  /// sorted by time; no label set twice; the order of the series is the same at every call. Samples outside
  /// of the window do no harm. A series with a look-back of its own brings samples from that much before
  /// from_ms.
  virtual Expected<SeriesSet> select(std::span<const Matcher> matchers,
                                     std::int64_t from_ms,
                                     std::int64_t to_ms) const = 0;

  /// The label sets of those series, some of them repeatedly. Without another word it is select() that finds
  /// them; who keeps samples compressed has a shorter way.
  virtual Expected<std::vector<LabelsPtr>> select_labels(std::span<const Matcher> matchers,
                                                         std::int64_t from_ms,
                                                         std::int64_t to_ms) const;
};

}  // namespace pgvigil::promql
