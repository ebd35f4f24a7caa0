#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "collectors/model/units.h"
#include "collectors/stages/ranking.h"
#include "collectors/stages/stage.h"

namespace pgvigil::collectors {

/// What a Top remembers of the rows that went through, each under a number that is its own while it is
/// remembered.
class TopRows {
 public:
  struct Row {
    RowKey key = 0;
    Timestamp seen{};
    Seat seat;
    bool has_speed = false;
  };

  /// So many counters has each row, and so many rankings it is in.
  TopRows(std::size_t counters, std::size_t rankings) : counters_(counters), rankings_(rankings) {}

  /// The row with this key; a new one when it is not remembered.
  std::uint32_t number_of(RowKey key, bool& is_new);
  Row& operator[](std::uint32_t row) { return rows_[row]; }
  const Row& operator[](std::uint32_t row) const { return rows_[row]; }

  /// By counter: what it read last; NaN before the first time.
  std::span<double> last(std::uint32_t row) { return {last_.data() + row * counters_, counters_}; }
  /// By ranking: the smoothed increase a second.
  std::span<double> speed(std::uint32_t row) { return {speed_.data() + row * rankings_, rankings_}; }

  /// What the row's series reads, by counter, where that is not what its counters read; else nothing.
  std::vector<double>* own(std::uint32_t row);
  const std::vector<double>* own(std::uint32_t row) const;
  bool has_own() const { return !own_.empty(); }
  /// From now on the row's series is remembered on its own: what it read last is what the counters read last,
  /// less `growth` (by counter, or empty). Before, and for most rows for ever, the series reads what the
  /// counter reads.
  void part_from_raw(std::uint32_t row, std::span<const double> growth);

  /// Takes the seats of those that were not seen `now`; forgets those not seen for `memory` seconds, and of
  /// the others that were not seen where their counters stood, when `forgets_counters`.
  void pass_over_unseen(Timestamp now, double memory, bool forgets_counters);

 private:
  const std::size_t counters_;
  const std::size_t rankings_;
  std::unordered_map<RowKey, std::uint32_t> index_;  // into rows_
  std::vector<Row> rows_;
  std::vector<std::uint32_t> free_;                             // numbers of rows that were forgotten
  std::vector<double> last_;                                    // counters_ a row
  std::vector<double> speed_;                                   // rankings_ a row
  std::unordered_map<std::uint32_t, std::vector<double>> own_;  // by row
};

}  // namespace pgvigil::collectors
