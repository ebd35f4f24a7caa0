#include "agent/judge/ticks.h"

#include "rules/promql/hash.h"

namespace pgvigil::agent {

Timestamp next_tick(std::string_view key, std::chrono::milliseconds interval, Timestamp now) {
  using std::chrono::milliseconds;
  const auto step = interval.count();
  const auto offset = static_cast<std::int64_t>(promql::xxhash64(key) % static_cast<std::uint64_t>(step));
  const auto now_ms = std::chrono::floor<milliseconds>(now.time_since_epoch()).count();
  const auto past = ((now_ms - offset) % step + step) % step;
  return Timestamp(milliseconds(now_ms - past + step));
}

}  // namespace pgvigil::agent
