#include "agent/notify/planning/standing.h"

#include <algorithm>
#include <array>
#include <climits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/notify/message/text.h"

namespace pgvigil::agent::notify {
namespace {

constexpr std::array<std::string_view, 4> k_outcomes = {"due", "unrouted", "waiting", "quiet"};

std::string_view word_of(Decision::Kind kind) {
  switch (kind) {
    case Decision::Kind::send:
      return "due";
    case Decision::Kind::wait:
      return "waiting";
    case Decision::Kind::nothing:
      break;
  }
  return "quiet";
}

AlertStanding standing_of(const Alert& alert) {
  return {alert.labels, summary_of(alert), alert.fired_at, alert.resolved_at};
}

AlertStanding standing_of(const Desired& desired, const GroupState& state) {
  AlertStanding standing = standing_of(*desired.alert);
  const auto told = state.told.find(desired.fingerprint);
  standing.told = told != state.told.end() && told->second.stage == Stage::told_firing;
  standing.quiet = desired.quiet;
  return standing;
}

int rank(const AlertStanding& standing) {
  return rank_of_severity(standing.labels->get("severity"));
}

/// Nothing when there is no alert of which anybody would still ask.
std::optional<GroupStanding> standing_of(const std::string& receiver, const PlannedGroup& planned) {
  GroupStanding group{receiver,
                      planned.key,
                      std::string(word_of(planned.decision.kind)),
                      planned.decision.reason,
                      planned.decision.at,
                      planned.state.last_sent,
                      planned.note};
  for (const Desired& desired : planned.desired) {
    if (!desired.alert->fires() && planned.state.is_done_with(desired.fingerprint)) continue;
    group.alerts.push_back(standing_of(desired, planned.state));
  }
  if (group.alerts.empty()) return std::nullopt;
  std::ranges::stable_sort(group.alerts, {},
                           [](const AlertStanding& one) { return std::pair(rank(one), one.fired_at); });
  return group;
}

auto order(const GroupStanding& group) {
  const bool is_told = group.outcome == "waiting" && std::ranges::all_of(group.alerts, &AlertStanding::told);
  return std::tuple(is_told, std::ranges::find(k_outcomes, group.outcome) - k_outcomes.begin(),
                    rank(group.alerts.front()), group.alerts.front().fired_at);
}

}  // namespace

std::vector<GroupStanding> standings(const Policy& policy, const World& world, Timestamp now) {
  std::vector<GroupStanding> all;
  std::set<std::string> routed;
  for (const ReceiverSettings& receiver : policy.settings.receivers) {
    for (const PlannedGroup& planned : plan(policy, world, receiver.name, now)) {
      for (const Desired& desired : planned.desired)
        routed.insert(desired.fingerprint);
      if (auto group = standing_of(receiver.name, planned)) all.push_back(std::move(*group));
    }
  }
  GroupStanding unrouted{"", "", "unrouted", "no route leads to a receiver that tells of alerts"};
  for (const auto& [fingerprint, alert] : world.alerts)
    if (alert.fires() && !routed.contains(fingerprint)) unrouted.alerts.push_back(standing_of(alert));
  if (!unrouted.alerts.empty()) all.push_back(std::move(unrouted));
  std::ranges::stable_sort(all, {}, order);
  return all;
}

}  // namespace pgvigil::agent::notify
