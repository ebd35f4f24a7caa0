#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"
#include "rules/history/source.h"
#include "rules/promql/storage.h"

namespace pgvigil::rules {

struct HistorySettings {
  std::chrono::milliseconds retention{std::chrono::hours{1}};  ///< older samples go, a chunk at a time
  Bytes max_bytes{16'000'000};                                 ///< of all chunks, times and labels
};

/// What a History holds, and what it could not keep.
struct HistoryFigures {
  std::size_t series = 0;
  std::size_t samples = 0;
  Bytes memory;        ///< all of it
  Bytes chunk_memory;  ///< the samples alone: chunks and times, as the allocator counts them
  std::uint64_t samples_over_size =
      0;  ///< since the start: dropped before their time, or not taken, because of max_bytes
  std::uint64_t collections_late = 0;  ///< since the start: left out, not newer than what was there
};

/// A value that a collection gave for a series. The labels hold the metric's name.
struct Reading {
  promql::LabelsPtr labels;
  double value = 0;
};

/// The past of some series, for rates and charts. A source is what collects together: all samples of one
/// collection share their time, so each time is kept once, and a series is chunks of values at consecutive
/// ticks of its source. Whoever appends chooses what is worth keeping (HistoryNeeds). Not thread-safe: the
/// owner holds a lock over append() and over a whole query.
class History : public promql::Queryable {
 public:
  explicit History(HistorySettings settings) : settings_(settings) {}

  /// Takes one reading; a walk calls it for each.
  using Take = std::function<void(const promql::LabelsPtr& labels, double value)>;

  /// The readings of one successful collection at `t_ms` (Unix time), which `walk` goes through. A series of
  /// this source that is not among them ends here: it gets a stale marker. A collection that failed is not
  /// appended: what is not seen has not ended. `lookback_ms` is how long a sample counts (see
  /// SeriesSet::add_series). Where max_bytes leaves no room, new series are not taken, so that those that are
  /// there keep their past; a source that is small gets in nevertheless.
  void append(std::string_view source,
              std::int64_t t_ms,
              std::int64_t lookback_ms,
              const std::function<void(const Take&)>& walk);
  void append(std::string_view source,
              std::int64_t t_ms,
              std::int64_t lookback_ms,
              std::span<const Reading> readings);
  /// Forgets a source that is no longer collected.
  void forget(std::string_view source);
  /// Drops what is older, of sources too to which nothing is appended any more.
  void drop_before(std::int64_t t_ms);

  promql::Expected<promql::SeriesSet> select(std::span<const promql::Matcher> matchers,
                                             std::int64_t from_ms,
                                             std::int64_t to_ms) const override;
  /// Reads no sample.
  promql::Expected<std::vector<promql::LabelsPtr>> select_labels(std::span<const promql::Matcher> matchers,
                                                                 std::int64_t from_ms,
                                                                 std::int64_t to_ms) const override;

  /// Whether max_bytes keeps out a series that was in the last collection of its source.
  bool lacks_series() const { return !partial_.empty(); }
  HistoryFigures figures() const;

  /// All of it as bytes that load() reads back, with a checksum.
  std::string serialised() const;
  /// Bytes that are damaged or from another format give an error.
  static std::expected<History, Error> load(std::string_view bytes, HistorySettings settings);

 private:
  std::size_t memory() const;
  void add_tick(const std::string& name,
                HistorySource& source,
                std::int64_t t_ms,
                std::int64_t lookback_ms,
                const std::function<void(const Take&)>& walk);
  void keep_in_bounds();

  HistorySettings settings_;
  std::map<std::string, HistorySource, std::less<>> sources_;
  std::set<std::string, std::less<>> partial_;  ///< sources of which a series was left out last
  std::uint64_t samples_over_size_ = 0;
  std::uint64_t collections_late_ = 0;

  friend class HistoryReader;
};

}  // namespace pgvigil::rules
