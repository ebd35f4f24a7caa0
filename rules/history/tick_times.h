#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pgvigil::rules {

/// Counts what a source has given: one a second would do for a century.
using Tick = std::uint32_t;

/// When the ticks of a source were, in Unix milliseconds. A source that keeps its interval costs two bytes a
/// tick: how far each is from where the interval would have it.
class TickTimes {
 public:
  /// Later than the last.
  void push_back(std::int64_t t_ms);
  bool empty() const { return stretches_.empty(); }
  Tick first_tick() const { return empty() ? next_tick_ : stretches_.front().first_tick; }
  Tick next_tick() const { return next_tick_; }
  std::int64_t back() const { return last_ms_; }
  std::int64_t at(Tick tick) const;
  /// All of them, from first_tick() on.
  std::vector<std::int64_t> all() const;
  /// The first tick that is not before a time; next_tick() when all are.
  Tick first_from(std::int64_t t_ms) const;
  /// Ticks before `tick` are no longer asked for; some of them stay.
  void drop_before(Tick tick);
  std::size_t memory() const;

 private:
  struct Stretch {
    Tick first_tick = 0;
    std::int64_t begin_ms = 0;
    std::int64_t interval_ms = 0;
    std::vector<std::int16_t> off_ms = {};  // of each tick, its place by the interval

    std::int64_t at(std::size_t i) const {
      return begin_ms + static_cast<std::int64_t>(i) * interval_ms + off_ms[i];
    }
  };

  bool fits_last(std::int64_t t_ms) const;

  std::vector<Stretch> stretches_;
  Tick next_tick_ = 0;
  std::int64_t last_ms_ = 0;
};

}  // namespace pgvigil::rules
