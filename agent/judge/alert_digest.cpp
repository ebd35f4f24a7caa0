#include "agent/judge/alert_digest.h"

#include <optional>

namespace pgvigil::agent {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  return (hash ^ more) * 0x9e3779b97f4a7c15ULL + (hash >> 29);
}

std::uint64_t bits(std::optional<Timestamp> time) {
  return time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) : 1;
}

}  // namespace

std::uint64_t alert_digest(const rules::Alerts& alerts) {
  std::uint64_t sum = alerts.size();
  for (const auto& [labels, alert] : alerts) {
    const rules::AlertState& state = alert.state;
    std::uint64_t hash = mixed(labels->hash(), static_cast<std::uint64_t>(state.phase));
    if (state.phase == rules::AlertPhase::pending) hash = mixed(hash, bits(state.last_look));
    hash = mixed(hash, static_cast<std::uint64_t>(state.observed_gone.count()));
    hash = mixed(hash, bits(state.unknown_since));
    hash = mixed(hash, bits(state.firing_since));
    hash = mixed(hash, state.changes.empty() ? 0 : bits(state.changes.back()));
    hash = mixed(hash, (state.flapping ? 2U : 0U) + (state.last_held ? 1U : 0U));
    sum += hash;
  }
  return sum;
}

}  // namespace pgvigil::agent
