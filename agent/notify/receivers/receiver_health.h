#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// What an answer means for the message.
enum class Verdict : std::uint8_t {
  delivered,
  retry,          ///< 5xx, no answer: may heal by itself
  slow_down,      ///< 429: the receiver wants fewer
  too_long,       ///< or malformed: a simpler message may pass
  refused,        ///< this message will never pass
  misconfigured,  ///< no message will pass until somebody mends the address or the credentials
};
std::string_view to_string(Verdict verdict);

/// How a receiver has been doing: a circuit breaker.
struct ReceiverHealth {
  unsigned failures = 0;                     ///< one after the other
  std::optional<Timestamp> down_since = {};  ///< since the first of them
  std::optional<Timestamp> not_before = {};  ///< when the next attempt may be made
  bool misconfigured = false;

  /// From the fifth failure on, or from the first that says that nothing will pass.
  bool is_open() const { return misconfigured || failures >= 5; }
};

/// Steps the health after an attempt. Waits grow exponentially from one second to five minutes with full
/// jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): `random` is from 0 to 1. A `retry_after`
/// is kept to exactly, up to 15 minutes. A receiver that is misconfigured is tried every 10 minutes. Pure.
ReceiverHealth after(const ReceiverHealth& before,
                     Verdict verdict,
                     std::optional<std::chrono::milliseconds> retry_after,
                     double random,
                     Timestamp now);

/// A token bucket: `per_second` messages, `burst` of them at once.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  /// When the next message may go: `now` or later.
  Timestamp next(Timestamp now) const;
  /// Takes what one message costs.
  void take(Timestamp now);

 private:
  double filled(Timestamp now) const;
  double per_second_;
  double burst_;
  double tokens_;
  std::optional<Timestamp> filled_at_ = {};
};

}  // namespace pgvigil::agent::notify
