#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "collectors/model/units.h"

namespace pgvigil {

/// A Timestamp counts nanoseconds in 63 bits, and the year 9999 is none. What lies outside of these years is
/// a mistake, or means never: the nearest of them stands for it, so that a century can be added and times can
/// be subtracted.
constexpr std::chrono::sys_seconds k_first_instant{};
constexpr std::chrono::sys_seconds k_last_instant = std::chrono::sys_days{std::chrono::year{2150} / 1 / 1};

template <typename Duration>
Timestamp nearest_timestamp(std::chrono::sys_time<Duration> instant) {
  const auto second = std::chrono::floor<std::chrono::seconds>(instant);
  if (second < k_first_instant) return k_first_instant;
  return second < k_last_instant ? Timestamp{instant} : k_last_instant;
}

/// So many seconds after 1970, from a clock, a file or a server that may be wrong. NaN is 1970.
inline Timestamp timestamp_of(double unix_seconds) {
  const auto last = static_cast<double>(k_last_instant.time_since_epoch().count());
  const double bounded = unix_seconds > 0 ? std::min(unix_seconds, last) : 0;
  return Timestamp{std::chrono::milliseconds{std::llround(bounded * 1000)}};
}

/// The same of whole seconds.
inline Timestamp timestamp_of(std::int64_t unix_seconds) {
  return nearest_timestamp(std::chrono::sys_seconds{std::chrono::seconds{unix_seconds}});
}

}  // namespace pgvigil
