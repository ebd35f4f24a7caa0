#pragma once

#include <cstdint>
#include <vector>

#include "rules/promql/memory_storage.h"

namespace pgvigil::promql::conformance {

/// A storage that notices when a query selects what the engine leaves out: native histograms and start times.
/// Of such samples it knows the series and the times; their values it does not have.
class HistogramWatch : public Queryable {
 public:
  MemoryStorage& floats() { return floats_; }
  void add_histogram(const LabelsPtr& labels, std::int64_t t_ms);
  void clear();

  /// Whether a query since the last forget() selected one.
  bool touched() const { return touched_; }
  void forget() { touched_ = false; }

  Expected<SeriesSet> select(std::span<const Matcher> matchers,
                             std::int64_t from_ms,
                             std::int64_t to_ms) const override;

 private:
  struct Histogram {
    LabelsPtr labels;
    std::vector<std::int64_t> times_ms;
  };
  MemoryStorage floats_;
  std::vector<Histogram> histograms_;
  mutable bool touched_ = false;
};

}  // namespace pgvigil::promql::conformance
