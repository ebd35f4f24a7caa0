#include "rules/history/tick_times.h"

#include <algorithm>
#include <limits>

#include "rules/history/allocated.h"

namespace pgvigil::rules {
namespace {

constexpr std::size_t k_most_ticks = 128;  // of a stretch: they are dropped together
constexpr std::size_t k_growth = 16;

}  // namespace

bool TickTimes::fits_last(std::int64_t t_ms) const {
  if (stretches_.empty()) return false;
  const Stretch& last = stretches_.back();
  if (last.off_ms.size() == 1) return true;  // it makes the interval
  if (last.off_ms.size() >= k_most_ticks) return false;
  using Off = std::numeric_limits<std::int16_t>;
  const std::int64_t step = t_ms - last.begin_ms;
  const std::int64_t ticks = static_cast<std::int64_t>(last.off_ms.size());
  // Compared with a quotient, for a product might overflow.
  if (step / ticks > last.interval_ms + Off::max()) return false;
  const std::int64_t off = step - ticks * last.interval_ms;
  return off >= Off::min() && off <= Off::max();
}

void TickTimes::push_back(std::int64_t t_ms) {
  if (!fits_last(t_ms)) stretches_.push_back({.first_tick = next_tick_, .begin_ms = t_ms});
  Stretch& last = stretches_.back();
  const std::size_t i = last.off_ms.size();
  if (i == 1) last.interval_ms = t_ms - last.begin_ms;
  if (i == last.off_ms.capacity()) last.off_ms.reserve(std::min(i + k_growth, k_most_ticks));
  last.off_ms.push_back(
      static_cast<std::int16_t>(t_ms - last.begin_ms - static_cast<std::int64_t>(i) * last.interval_ms));
  last_ms_ = t_ms;
  ++next_tick_;
}

std::int64_t TickTimes::at(Tick tick) const {
  const auto after = std::ranges::upper_bound(stretches_, tick, {}, &Stretch::first_tick);
  const Stretch& stretch = *std::prev(after);
  return stretch.at(tick - stretch.first_tick);
}

std::vector<std::int64_t> TickTimes::all() const {
  std::vector<std::int64_t> times;
  times.reserve(next_tick() - first_tick());
  for (const Stretch& stretch : stretches_)
    for (std::size_t i = 0; i < stretch.off_ms.size(); ++i)
      times.push_back(stretch.at(i));
  return times;
}

Tick TickTimes::first_from(std::int64_t t_ms) const {
  const auto after = std::ranges::upper_bound(stretches_, t_ms, {}, &Stretch::begin_ms);
  if (after == stretches_.begin()) return first_tick();
  const Stretch& stretch = *std::prev(after);
  std::size_t i = 0;
  while (i < stretch.off_ms.size() && stretch.at(i) < t_ms)
    ++i;
  return stretch.first_tick + static_cast<Tick>(i);
}

void TickTimes::drop_before(Tick tick) {
  // The last stretch stays: it goes on.
  while (stretches_.size() > 1 && stretches_[1].first_tick <= tick)
    stretches_.erase(stretches_.begin());
}

std::size_t TickTimes::memory() const {
  std::size_t bytes = allocated(stretches_.capacity() * sizeof(Stretch));
  for (const Stretch& stretch : stretches_)
    bytes += allocated(stretch.off_ms.capacity() * sizeof(std::int16_t));
  return bytes;
}

}  // namespace pgvigil::rules
