#include "tests/promql/histogram_watch.h"

#include <algorithm>

namespace pgvigil::promql::conformance {

void HistogramWatch::add_histogram(const LabelsPtr& labels, std::int64_t t_ms) {
  auto known = std::find_if(histograms_.begin(), histograms_.end(),
                            [&](const Histogram& histogram) { return *histogram.labels == *labels; });
  if (known == histograms_.end()) known = histograms_.insert(known, {labels, {}});
  known->times_ms.push_back(t_ms);
}

void HistogramWatch::clear() {
  floats_.clear();
  histograms_.clear();
}

Expected<SeriesSet> HistogramWatch::select(std::span<const Matcher> matchers,
                                           std::int64_t from_ms,
                                           std::int64_t to_ms) const {
  for (const Histogram& histogram : histograms_) {
    bool in_window = std::any_of(histogram.times_ms.begin(), histogram.times_ms.end(),
                                 [&](std::int64_t t_ms) { return t_ms >= from_ms && t_ms <= to_ms; });
    touched_ = touched_ || (in_window && matches_all(matchers, *histogram.labels));
  }
  return floats_.select(matchers, from_ms, to_ms);
}

}  // namespace pgvigil::promql::conformance
