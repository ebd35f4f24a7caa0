#include "agent/notify/planning/group.h"

#include <algorithm>

#include "agent/notify/message/text.h"

namespace pgvigil::agent::notify {
namespace {

const Told* find(const GroupState& state, const std::string& fingerprint) {
  const auto found = state.told.find(fingerprint);
  return found == state.told.end() ? nullptr : &found->second;
}

/// What there is to tell, against what was told.
struct Difference {
  std::vector<const Alert*> news;                ///< fires, not told
  std::vector<const Alert*> ended;               ///< resolved, told or owed that it fires
  std::vector<const Alert*> known;               ///< fires, told, not quiet
  bool completed = false;                        ///< there is evidence now of what was told without
  std::optional<Timestamp> evidence_until = {};  ///< how long the news waits for its evidence
  std::optional<Timestamp> oldest = {};          ///< the news that waits longest
  bool anything_quiet = false;
  std::string why_quiet = {};

  void came_up(Timestamp time) { oldest = oldest ? std::min(*oldest, time) : time; }
};

Difference difference(const GroupState& state,
                      std::span<const Desired> desired,
                      std::chrono::milliseconds patience) {
  Difference found;
  for (const auto& [fingerprint, alert, quiet] : desired) {
    const Told* told = find(state, fingerprint);
    if (!alert->fires()) {
      if (told == nullptr || told->stage == Stage::done) continue;
      found.ended.push_back(alert);
      found.came_up(told->stage == Stage::owed ? told->owed_since : *alert->resolved_at);
    } else if (!quiet.empty()) {
      found.anything_quiet = true;
      found.why_quiet = quiet;
    } else if (told != nullptr && told->stage == Stage::told_firing && told->fired_at == alert->fired_at) {
      found.known.push_back(alert);
      const Dossier& dossier = alert->dossier;
      found.completed =
          found.completed || (told->incomplete && dossier.is_complete() && dossier.shows_anything());
    } else {
      found.news.push_back(alert);
      found.came_up(told != nullptr && told->stage == Stage::owed ? told->owed_since : alert->fired_at);
      if (!alert->dossier.is_complete())
        found.evidence_until =
            std::max(found.evidence_until.value_or(Timestamp{}), alert->dossier.since + patience);
    }
  }
  return found;
}

/// FNV-1a over what the message says: the same state gives the same id, whatever is restarted in between.
std::string id_of(const std::string& group_key, const GroupState& state, const Difference& found) {
  std::vector<std::pair<std::string, std::string>> parts = {{"group", group_key},
                                                            {"sequence", std::to_string(state.sequence)}};
  const auto add = [&](const std::vector<const Alert*>& alerts) {
    for (const Alert* alert : alerts)
      parts.emplace_back(fingerprint(*alert->labels),
                         rfc3339(alert->fired_at) + (alert->resolved_at ? rfc3339(*alert->resolved_at) : ""));
  };
  add(found.news);
  add(found.ended);
  add(found.known);
  return fingerprint(*promql::Labels::make(std::move(parts)));
}

Cause cause_of(const GroupState& state, const Difference& found) {
  if (found.news.empty() && found.known.empty()) return Cause::resolved;
  if (found.news.empty() && found.ended.empty()) return found.completed ? Cause::completed : Cause::repeated;
  return state.is_open() ? Cause::changed : Cause::firing;
}

Decision wait_until(Timestamp at, std::string reason) {
  return {Decision::Kind::wait, std::move(reason), at};
}

/// What a receiver has to know of an alert now, given what it knows.
std::optional<Told> noted(const Told* before, const Desired& desired, bool tells_resolved, Timestamp now) {
  const Alert& alert = *desired.alert;
  const Told owed{Stage::owed, alert.fired_at, now};
  const Told done{Stage::done, alert.fired_at, now};
  const bool is_new =
      before == nullptr || (before->stage == Stage::done && before->fired_at < alert.fired_at);
  if (alert.fires()) {
    if (is_new) return desired.quiet.empty() ? std::optional(owed) : std::nullopt;
    if (before->stage != Stage::owed) return *before;
    // Silenced before anybody was told of it: nobody need be told any more.
    if (!desired.quiet.empty() && !before->attempted) return std::nullopt;
    return Told{Stage::owed, alert.fired_at, before->owed_since, before->attempted};
  }
  // Fired and ended between two looks: news all the same, unless it was quiet.
  if (is_new) return desired.quiet.empty() && tells_resolved ? owed : done;
  return tells_resolved ? *before : done;
}

}  // namespace

bool GroupState::is_open() const {
  return std::ranges::any_of(told, [](const auto& each) { return each.second.stage == Stage::told_firing; });
}

bool GroupState::is_done_with(const std::string& fingerprint) const {
  const Told* found = find(*this, fingerprint);
  return found == nullptr || found->stage == Stage::done;
}

bool note(GroupState& state, std::span<const Desired> desired, bool tells_resolved, Timestamp now) {
  std::map<std::string, Told> told;
  bool has_news = false;
  for (const Desired& each : desired) {
    const auto next = noted(find(state, each.fingerprint), each, tells_resolved, now);
    if (!next) continue;
    has_news = has_news || next->stage != Stage::done;
    told.emplace(each.fingerprint, *next);
  }
  const auto opened_at = has_news ? state.opened_at.value_or(now) : std::optional<Timestamp>();
  const bool changed = told != state.told || opened_at != state.opened_at;
  state.told = std::move(told);
  state.opened_at = opened_at;
  return changed;
}

Decision decide(const std::string& group_key,
                const Grouping& grouping,
                const GroupState& state,
                std::span<const Desired> desired,
                Timestamp now) {
  const Difference found = difference(state, desired, grouping.evidence_wait);
  const bool changed = !found.news.empty() || !found.ended.empty();
  if (!changed && found.known.empty())
    return {Decision::Kind::nothing, found.anything_quiet ? found.why_quiet : "nothing fires"};

  const bool first = !state.is_open();
  const bool completes = !changed && found.completed;
  const Timestamp due = first       ? state.opened_at.value_or(now) + grouping.wait
                        : changed   ? state.last_sent.value_or(now) + grouping.interval
                        : completes ? now
                                    : state.last_sent.value_or(now) + grouping.repeat;
  if (now < due)
    return wait_until(due, first     ? "waits for others of its group (group_wait)"
                           : changed ? "the group was told of a moment ago (group_interval)"
                                     : "told already; repeated when repeat_interval is over");
  if (found.evidence_until && now < *found.evidence_until)
    return wait_until(*found.evidence_until, "waits a moment for its evidence (evidence_wait)");

  Decision decision{Decision::Kind::send, {}, now, cause_of(state, found), id_of(group_key, state, found)};
  if (decision.id == state.refused)
    return {Decision::Kind::nothing, "the receiver refused this message; it is told when something changes"};
  decision.reason = to_string(decision.cause);
  for (const auto* list : {&found.news, &found.known, &found.ended})
    decision.alerts.insert(decision.alerts.end(), list->begin(), list->end());
  // Waiting for the group is no delay.
  if (found.oldest) decision.due_since = std::max(*found.oldest, due);
  return decision;
}

bool attempting(GroupState& state, std::span<const Alert> alerts) {
  bool changed = false;
  for (const Alert& alert : alerts) {
    const auto told = state.told.find(fingerprint(*alert.labels));
    if (told == state.told.end() || told->second.stage != Stage::owed || told->second.attempted) continue;
    told->second.attempted = true;
    changed = true;
  }
  return changed;
}

void delivered(GroupState& state, std::span<const Alert> alerts, std::string memory, Timestamp now) {
  for (const Alert& alert : alerts)
    state.told[fingerprint(*alert.labels)] = {.stage = alert.fires() ? Stage::told_firing : Stage::done,
                                              .fired_at = alert.fired_at,
                                              .owed_since = now,
                                              .incomplete = alert.fires() && !alert.dossier.is_complete()};
  state.last_sent = now;
  ++state.sequence;
  state.refused.clear();
  state.memory = std::move(memory);
  if (state.is_open()) return;
  // What comes next is a story of its own, and waits for its group.
  state.opened_at.reset();
  state.memory.clear();
}

}  // namespace pgvigil::agent::notify
