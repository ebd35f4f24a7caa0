#include "agent/notify/decision_log.h"

#include <algorithm>

namespace pgvigil::agent::notify {
namespace {

constexpr std::size_t k_most_decisions = 1'000;

}  // namespace

void DecisionLog::note(DecisionView decision) {
  decisions_.push_front(std::move(decision));
  if (decisions_.size() > k_most_decisions) decisions_.pop_back();
}

void DecisionLog::note_plan(const std::string& receiver, const std::vector<PlannedGroup>& groups, Timestamp now) {
  for (const PlannedGroup& group : groups) {
    std::string& last = last_reason_[{receiver, group.key}];
    if (last == group.decision.reason || group.decision.kind == Decision::Kind::send) continue;
    last = group.decision.reason;
    note({now, receiver, group.key, group.decision.kind == Decision::Kind::wait ? "waiting" : "quiet", last,
          group.state.told.size()});
  }
  std::erase_if(last_reason_, [&](const auto& each) {
    return each.first.first == receiver && std::ranges::find(groups, each.first.second, &PlannedGroup::key) == groups.end();
  });
}

}  // namespace pgvigil::agent::notify
