#include "agent/notify/planning/decision_log.h"

#include <algorithm>
#include <set>

namespace pgvigil::agent::notify {
namespace {

constexpr std::size_t k_most_decisions = 1'000;
constexpr std::size_t k_most_names = 3;

std::string about_of(const PlannedGroup& group) {
  std::vector<std::string_view> names;
  for (const Desired& each : group.desired)
    names.push_back(each.alert->name());
  return names_of(std::move(names));
}

/// Whether something fires that its receiver does not know of, or is kept from hearing of.
bool withholds(const PlannedGroup& group) {
  return std::ranges::any_of(group.desired, [&](const Desired& each) {
    const auto told = group.state.told.find(each.fingerprint);
    const bool is_told = told != group.state.told.end() && told->second.stage == Stage::told_firing;
    return each.alert->fires() && (!is_told || !each.quiet.empty());
  });
}

}  // namespace

std::string names_of(std::vector<std::string_view> alerts) {
  std::ranges::sort(alerts);
  const auto repeated = std::ranges::unique(alerts);
  alerts.erase(repeated.begin(), repeated.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(alerts.size(), k_most_names); ++i)
    text += (i == 0 ? "" : ", ") + std::string(alerts[i]);
  if (alerts.size() > k_most_names) text += " and " + std::to_string(alerts.size() - k_most_names) + " more";
  return text;
}

void DecisionLog::note(DecisionView decision) {
  decisions_.push_front(std::move(decision));
  if (decisions_.size() > k_most_decisions) decisions_.pop_back();
}

std::vector<DecisionView> DecisionLog::note_plan(const std::string& receiver,
                                                 const std::vector<PlannedGroup>& groups,
                                                 Timestamp now) {
  std::vector<DecisionView> fresh;
  for (const PlannedGroup& group : groups) {
    if (!withholds(group)) continue;
    std::string& last = last_reason_[{receiver, group.key}];
    if (last == group.decision.reason || group.decision.kind == Decision::Kind::send) continue;
    last = group.decision.reason;
    fresh.push_back({now, receiver, group.key,
                     group.decision.kind == Decision::Kind::wait ? "waiting" : "quiet", last,
                     group.desired.size(), about_of(group), "", group.decision.at});
    note(fresh.back());
  }
  std::set<std::string_view> present;
  for (const PlannedGroup& group : groups)
    present.insert(group.key);
  std::erase_if(last_reason_, [&](const auto& each) {
    const auto& [of, key] = each.first;
    return of == receiver && !present.contains(key);
  });
  return fresh;
}

}  // namespace pgvigil::agent::notify
