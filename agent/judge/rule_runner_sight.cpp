// How far a RuleRunner sees what its rules read.

#include <algorithm>

#include "agent/judge/rule_runner.h"

namespace pgvigil::agent {
namespace {

using rules::RuleKind;

/// A rule over what a rule over what … recorded: deeper ones count as seen.
constexpr int k_deepest = 8;

}  // namespace

/// Whether something that it reads had no outcome since the start: nothing can be said yet, not even that it
/// is unknown.
bool RuleRunner::is_waiting(const Slot& slot, World& world) const {
  return std::ranges::any_of(slot.metrics, [&](const std::string& metric) {
    return sight(world, metric, *promql::Labels::none(), 0) == CollectorSight::waiting;
  });
}

bool RuleRunner::sees(World& world, std::string_view metric) const {
  return sight(world, metric, *promql::Labels::none(), 0) == CollectorSight::all;
}

CollectorSight RuleRunner::sight(World& world,
                                 std::string_view metric,
                                 const promql::Labels& of,
                                 int depth) const {
  const auto collector = surroundings_.collector_of.find(metric);
  if (collector != surroundings_.collector_of.end()) return world.sight(collector->second, of);
  CollectorSight least = CollectorSight::all;
  if (depth == k_deepest) return least;
  // What a rule recorded is seen as far as what it was made of.
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots)
      if (slot.rule->kind == RuleKind::record && slot.rule->name == metric)
        for (const std::string& below : slot.metrics)
          least = std::min(least, sight(world, below, of, depth + 1));
  return least;
}

}  // namespace pgvigil::agent
