#include "rules/advice/standing.h"

namespace pgvigil::rules::advice {

Standing after_found(const std::optional<Standing>& before,
                     Timestamp now,
                     std::chrono::seconds unproven_for,
                     const Steadiness& steadiness) {
  Standing standing = before.value_or(Standing{.first_seen = now, .last_seen = now});
  standing.last_seen = now;
  standing.missed = 0;
  ++standing.found;
  standing.open = standing.open ||
                  (standing.found >= steadiness.appear_after && now - standing.first_seen >= unproven_for);
  return standing;
}

std::optional<Standing> after_missed(const Standing& before, const Steadiness& steadiness) {
  Standing standing = before;
  standing.found = 0;
  ++standing.missed;
  if (!standing.open || standing.missed >= steadiness.disappear_after) return std::nullopt;
  return standing;
}

}  // namespace pgvigil::rules::advice
