#include "agent/notify/receivers/receiver_health.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono;

constexpr milliseconds k_first_wait = 1s;
constexpr milliseconds k_longest_wait = 5min;
constexpr milliseconds k_longest_retry_after = 15min;
constexpr milliseconds k_probe_interval = 10min;

milliseconds backoff(unsigned failures, double random) {
  const double cap =
      std::min(static_cast<double>(k_longest_wait.count()),
               static_cast<double>(k_first_wait.count()) * std::exp2(std::min(failures, 20U) - 1.0));
  return milliseconds(std::llround(random * cap));
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::delivered:
      return "delivered";
    case Verdict::retry:
      return "retry";
    case Verdict::slow_down:
      return "slow_down";
    case Verdict::too_long:
      return "too_long";
    case Verdict::refused:
      return "refused";
    case Verdict::misconfigured:
      return "misconfigured";
  }
  return "";
}

ReceiverHealth after(const ReceiverHealth& before,
                     Verdict verdict,
                     std::optional<milliseconds> retry_after,
                     double random,
                     Timestamp now) {
  switch (verdict) {
    case Verdict::delivered:
    case Verdict::too_long:
    case Verdict::refused:
      return {};  // it answered, and will answer the next message
    case Verdict::retry:
    case Verdict::slow_down:
    case Verdict::misconfigured:
      break;
  }
  ReceiverHealth health = before;
  ++health.failures;
  health.down_since = before.down_since.value_or(now);
  health.misconfigured = verdict == Verdict::misconfigured;
  milliseconds wait = health.misconfigured ? k_probe_interval : backoff(health.failures, random);
  if (retry_after) wait = std::clamp(*retry_after, milliseconds{0}, k_longest_retry_after);
  health.not_before = now + wait;
  return health;
}

double RateLimit::filled(Timestamp now) const {
  if (!filled_at_ || now <= *filled_at_) return tokens_;
  return std::min(burst_, tokens_ + duration<double>(now - *filled_at_).count() * per_second_);
}

Timestamp RateLimit::next(Timestamp now) const {
  const double missing = 1 - filled(now);
  if (missing <= 0) return now;
  return now + ceil<milliseconds>(duration<double>(missing / per_second_));
}

void RateLimit::take(Timestamp now) {
  tokens_ = filled(now) - 1;
  filled_at_ = now;
}

}  // namespace pgvigil::agent::notify
