#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/history/chunks.h"
#include "rules/history/tick_times.h"
#include "rules/promql/matcher.h"
#include "rules/promql/storage.h"

namespace pgvigil::rules {

/// One series of a History's source.
struct StoredSeries {
  promql::LabelsPtr labels;
  Chunks chunks = Chunks();
  std::uint32_t label_memory = 0;
  Tick seen = 0;       ///< the tick after the last one at which there was a reading
  bool ended = false;  ///< the last value is a stale marker

  /// Of the samples, and of all beside them.
  std::size_t chunk_memory() const;
  std::size_t fixed_memory() const;
};

/// What collects together: its series share its ticks, so each time is kept once.
class HistorySource {
 public:
  /// A tick at `t_ms`, which is later than the last; values are added to it.
  void begin_tick(std::int64_t t_ms, std::int64_t lookback_ms);
  /// A value of the tick that began last; the first one of a series counts. What comes back are the bytes of
  /// the series where it is new (0 where it is not), or nothing where it would be new and there is no room.
  std::optional<std::size_t> add(const promql::LabelsPtr& labels,
                                 double value,
                                 std::int64_t longest_chunk_ms,
                                 bool has_room = true);
  /// Series that had no value at this tick end.
  void end_tick(std::int64_t longest_chunk_ms);

  void drop_before(std::int64_t t_ms);
  /// Drops the oldest chunk of a series; tidy() follows.
  void drop_front(std::size_t series) { series_[series].chunks.drop_front(); }
  /// Drops series without chunks and times that no chunk has.
  void tidy();

  const TickTimes& times() const { return times_; }
  const std::vector<StoredSeries>& series() const { return series_; }
  std::int64_t lookback_ms() const { return lookback_ms_; }
  std::size_t memory() const;

  void select(std::span<const promql::Matcher> matchers,
              std::int64_t from_ms,
              std::int64_t to_ms,
              promql::SeriesSet& found) const;
  void select_labels(std::span<const promql::Matcher> matchers,
                     std::int64_t from_ms,
                     std::int64_t to_ms,
                     std::vector<promql::LabelsPtr>& found) const;

  // For those who read what was saved.
  void restore_time(std::int64_t t_ms, std::int64_t lookback_ms) { begin_tick(t_ms, lookback_ms); }
  bool has(const promql::LabelsPtr& labels) const { return by_labels_.contains(labels); }
  /// Chunks of a series that is not there yet; not empty.
  void restore(const promql::LabelsPtr& labels, Chunks chunks);

 private:
  StoredSeries& series_of(const promql::LabelsPtr& labels);
  void append(StoredSeries& to, double value, std::int64_t longest_chunk_ms);
  template <typename Take>
  void for_each_match(std::span<const promql::Matcher> matchers, Take take) const;

  TickTimes times_;
  std::int64_t lookback_ms_ = 0;
  std::vector<StoredSeries> series_;
  std::unordered_map<promql::LabelsPtr, std::uint32_t, promql::SameLabels, promql::SameLabels> by_labels_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> by_name_;
};

}  // namespace pgvigil::rules
