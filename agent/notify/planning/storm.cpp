#include "agent/notify/planning/storm.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

#include "agent/notify/message/text.h"

namespace pgvigil::agent::notify {
namespace {

const Told* told_in(const GroupState* state, const std::string& fingerprint) {
  if (state == nullptr) return nullptr;
  const auto found = state->told.find(fingerprint);
  return found == state->told.end() ? nullptr : &found->second;
}

const GroupState* find(const GroupStates& states, const std::string& key) {
  const auto found = states.find(key);
  return found == states.end() ? nullptr : &found->second;
}

/// Whether a group that knows this much of an alert has it still to tell.
bool is_owed(const Desired& desired, const GroupState* state) {
  const Told* told = told_in(state, desired.fingerprint);
  if (!desired.quiet.empty()) return false;
  if (told == nullptr || told->fired_at < desired.alert->fired_at) return true;
  return told->stage == Stage::owed;
}

/// Moves to `into` what `belongs` there.
template <typename Belongs>
void move_alerts(Draft& from, Draft& into, const Belongs& belongs) {
  const auto moved =
      std::ranges::stable_partition(from.desired, [&](const Desired& each) { return !belongs(each); });
  if (moved.empty()) return;
  into.grouping = from.grouping;
  if (into.note.empty()) into.note = from.note;
  std::ranges::move(moved, std::back_inserter(into.desired));
  from.desired.erase(moved.begin(), moved.end());
}

struct Fold {
  Alert alert;
  std::size_t firing = 0;
  std::size_t ended = 0;
};

void add(Fold& fold, const Alert& alert) {
  ++(alert.fires() ? fold.firing : fold.ended);
  fold.alert.fired_at = std::min(fold.alert.fired_at, alert.fired_at);
  if (alert.resolved_at)
    fold.alert.resolved_at =
        std::max(fold.alert.resolved_at.value_or(*alert.resolved_at), *alert.resolved_at);
}

Fold fold_of(const Alert& first) {
  Fold fold;
  fold.alert.labels = promql::Labels::make(
      {{"alertname", std::string(first.name())}, {"severity", std::string(first.severity())}});
  fold.alert.fired_at = first.fired_at;
  fold.alert.annotations = {{"summary", summary_of(first)}};
  if (const auto runbook = first.annotation("runbook_url"); !runbook.empty())
    fold.alert.annotations.emplace_back("runbook_url", runbook);
  return fold;
}

Alert finished(Fold fold) {
  std::string& summary = fold.alert.annotations.front().second;
  const std::string count =
      fold.firing > 0 ? fmt::format("{} fire", fold.firing) : fmt::format("{} are over", fold.ended);
  if (fold.firing + fold.ended > 1)
    summary = fmt::format("{}: {}, for example: {}", fold.alert.name(), count, summary);
  fold.alert.value = static_cast<double>(fold.firing);
  if (fold.firing > 0) fold.alert.resolved_at.reset();
  return std::move(fold.alert);
}

}  // namespace

void gather_storm(Drafts& drafts, const GroupStates& states, std::size_t most) {
  const std::string key(k_storm);
  const GroupState* storm = find(states, key);
  Draft gathered;
  if (storm != nullptr)
    for (auto& [own, draft] : drafts)
      if (own != key)
        move_alerts(draft, gathered, [&](const Desired& each) {
          const Told* told = told_in(storm, each.fingerprint);
          return told != nullptr && told->stage != Stage::done;
        });
  std::vector<std::pair<Draft*, const GroupState*>> fresh;
  for (auto& [own, draft] : drafts) {
    const GroupState* state = find(states, own);
    if (own == key || (state != nullptr && state->is_open())) continue;
    if (std::ranges::any_of(draft.desired, [&](const Desired& each) { return is_owed(each, state); }))
      fresh.emplace_back(&draft, state);
  }
  if (fresh.size() > most)
    for (const auto& [draft, state] : fresh)
      move_alerts(*draft, gathered, [state = state](const Desired& each) { return is_owed(each, state); });
  // What no route leads to any more is in its draft already; what a route leads to has its own reason to be
  // quiet.
  if (const auto before = drafts.find(key); before != drafts.end()) {
    std::set<std::string_view> routed;
    for (const Desired& each : gathered.desired)
      routed.insert(each.fingerprint);
    std::vector<Desired> left = std::move(before->second.desired);
    std::erase_if(left, [&](const Desired& each) { return routed.contains(each.fingerprint); });
    std::ranges::move(left, std::back_inserter(gathered.desired));
  }
  std::erase_if(drafts, [](const auto& each) { return each.second.desired.empty(); });
  if (!gathered.desired.empty()) drafts.insert_or_assign(key, std::move(gathered));
}

Notification folded(const Notification& storm) {
  Notification message = storm;
  message.alerts.clear();
  std::map<std::pair<std::string_view, std::string_view>, Fold> folds;
  for (const Alert& alert : storm.alerts) {
    const std::pair key(alert.name(), alert.severity());
    auto fold = folds.find(key);
    if (fold == folds.end()) fold = folds.emplace(key, fold_of(alert)).first;
    add(fold->second, alert);
  }
  const std::size_t rules = folds.size();
  std::vector<Fold> sorted;
  for (Fold& fold : folds | std::views::values)
    sorted.push_back(std::move(fold));
  std::ranges::stable_sort(sorted, {}, [](const Fold& fold) {
    return std::tuple(fold.firing == 0, rank_of_severity(fold.alert.severity()), ~fold.firing, ~fold.ended);
  });
  for (Fold& fold : sorted)
    message.alerts.push_back(finished(std::move(fold)));
  const std::string what = fmt::format("{} alerts of {} rules at once", storm.alerts.size(), rules);
  message.note = storm.note.empty() ? what : storm.note + ", " + what;
  return message;
}

}  // namespace pgvigil::agent::notify
