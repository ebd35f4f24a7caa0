#pragma once

#include <map>
#include <string>
#include <vector>

#include "rules/promql/storage.h"

namespace pgvigil::promql {

/// Series in memory, found by metric name and then by their other labels: for unit tests of rules, and tests.
/// Series come back sorted by labels. Not thread-safe while being filled.
class MemoryStorage : public Queryable {
 public:
  /// Adds samples to the series with these labels, which need not be there yet. A sample at a time that the
  /// series already has replaces the older one; samples may come in any order.
  void append(const LabelsPtr& labels, std::span<const Point> points);
  void clear() { by_name_.clear(); }
  std::size_t size() const;

  Expected<SeriesSet> select(std::span<const Matcher> matchers,
                             std::int64_t from_ms,
                             std::int64_t to_ms) const override;

 private:
  struct ByLabels {
    bool operator()(const LabelsPtr& a, const LabelsPtr& b) const { return *a < *b; }
  };
  using SeriesOfName = std::map<LabelsPtr, std::vector<Point>, ByLabels>;
  std::map<std::string, SeriesOfName, std::less<>> by_name_;
};

}  // namespace pgvigil::promql
