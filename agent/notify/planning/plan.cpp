#include "agent/notify/planning/plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "agent/notify/message/text.h"
#include "agent/notify/planning/storm.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

constexpr auto k_longest_sleep = 15s;

std::string key_of(const Route& route, const promql::LabelsPtr& labels) {
  std::string matchers;
  for (const Matcher& matcher : route.matchers)
    matchers += (matchers.empty() ? "" : ",") + promql::to_string(matcher);
  return "{" + matchers + "}:" + promql::to_string(*labels);
}

/// What a receiver's type changes of how alerts are grouped.
Grouping grouping_for(const ReceiverSettings& receiver, const Manners& manners, Grouping grouping) {
  if (manners.each_alert_alone) grouping.by = {"..."};
  if (manners.mirrors) grouping = {{}, 0ms, 0ms, receiver.resolve_timeout / 4, grouping.evidence_wait};
  return grouping;
}

/// What a receiver that somebody stands in for knows, and what it will never take.
struct Known {
  std::set<std::string_view> told;     ///< it knows that these fire
  std::set<std::string_view> refused;  ///< it refused the message that these fire, or that they ended
};

bool has_ended(const std::map<std::string, Alert>& alerts, const std::string& fingerprint) {
  const auto alert = alerts.find(fingerprint);
  return alert != alerts.end() && !alert->second.fires();
}

Known known_of(const GroupStates* groups, const std::map<std::string, Alert>& alerts) {
  Known known;
  if (groups == nullptr) return known;
  for (const auto& [key, state] : *groups)
    for (const auto& [fingerprint, told] : state.told) {
      // What it refuses of an alert that it was told of is the end.
      const bool is_news =
          told.stage == Stage::owed || (told.stage == Stage::told_firing && has_ended(alerts, fingerprint));
      if (is_news && !state.refused.empty())
        known.refused.insert(fingerprint);
      else if (told.stage == Stage::told_firing)
        known.told.insert(fingerprint);
    }
  return known;
}

/// One round of planning for any receiver.
class Planner {
 public:
  Planner(const Policy& policy, const World& world, Timestamp now)
      : policy_(policy), world_(world), now_(now), inhibitor_(policy.inhibitions, firing(world)) {}

  Drafts drafts(const std::string& receiver) const {
    Drafts drafts;
    const ReceiverSettings* settings = policy_.find(receiver);
    const Manners manners = policy_.manners(receiver);
    if (settings == nullptr || manners.beats) return drafts;
    for (const auto& [fingerprint, alert] : world_.alerts) {
      for (const std::size_t at : routes_of(policy_.routes, *alert.labels)) {
        const Route& route = policy_.routes[at];
        if (std::ranges::find(route.receivers, receiver) == route.receivers.end()) continue;
        const Grouping grouping = grouping_for(*settings, manners, route.grouping);
        const auto labels = group_labels(grouping, alert.labels);
        Draft& draft = drafts[key_of(route, labels)];
        draft.labels = labels;
        draft.grouping = grouping;
        draft.desired.push_back({fingerprint, &alert, why_quiet(alert, route, manners)});
      }
    }
    add_what_was_told(receiver, drafts);
    return drafts;
  }

  /// Groups of receivers that cannot be reached, or that refused a message for good, as far as they do not
  /// know what there is to know.
  void add_fallbacks(const std::string& receiver, Drafts& into) const {
    for (const ReceiverSettings& absent : policy_.settings.receivers) {
      if (absent.fallback != receiver) continue;
      const bool away = is_absent(absent);
      const Known known = known_of(groups_of(absent.name), world_.alerts);
      if (!away && known.refused.empty()) continue;
      for (auto& [key, draft] : drafts(absent.name)) {
        std::erase_if(draft.desired, [&](const Desired& desired) {
          return known.told.contains(desired.fingerprint) ||
                 (!away && !known.refused.contains(desired.fingerprint));
        });
        if (draft.desired.empty()) continue;
        draft.grouping = grouping_for(*policy_.find(receiver), policy_.manners(receiver), draft.grouping);
        draft.note = absent.name + (away ? " cannot be reached" : " refuses this message");
        add_what_was_told_for_another(draft, into[absent.name + "/" + key]);
      }
    }
  }

 private:
  static std::vector<promql::LabelsPtr> firing(const World& world) {
    std::vector<promql::LabelsPtr> labels;
    for (const auto& [fingerprint, alert] : world.alerts)
      if (alert.fires()) labels.push_back(alert.labels);
    return labels;
  }

  bool is_absent(const ReceiverSettings& receiver) const {
    const auto health = world_.health.find(receiver.name);
    return health != world_.health.end() && health->second.is_open() && health->second.down_since &&
           now_ - *health->second.down_since >= receiver.fallback_after;
  }

  const GroupStates* groups_of(const std::string& receiver) const {
    const auto groups = world_.groups.find(receiver);
    return groups == world_.groups.end() ? nullptr : &groups->second;
  }

  /// Whether these times hold, and until when that is so.
  struct Times {
    bool hold = false;
    std::optional<Timestamp> until = {};
  };

  const Times& times_now(const std::string& name) const {
    const auto [known, is_new] = times_.try_emplace(name);
    const auto& mutes = policy_.settings.mutes;
    const auto found = std::ranges::find(mutes, name, &MuteTimes::name);
    if (is_new && found != mutes.end()) known->second = {holds(*found, now_), changes_at(*found, now_)};
    return known->second;
  }

  std::string until_text(std::optional<Timestamp> until) const {
    return until ? " until " + clock_text(*until, now_) : "";
  }

  /// Nothing when the route tells now.
  std::string why_not_this_time(const Route& route) const {
    for (const std::string& mute : route.mute)
      if (const Times& times = times_now(mute); times.hold)
        return "muted by the times '" + mute + "'" + until_text(times.until);
    std::optional<Timestamp> next;
    for (const std::string& active : route.active) {
      const Times& times = times_now(active);
      if (times.hold) return "";
      if (times.until && (!next || *times.until < *next)) next = times.until;
    }
    return route.active.empty() ? "" : "outside of the times of its route" + until_text(next);
  }

  std::string why_quiet(const Alert& alert, const Route& route, const Manners& manners) const {
    if (alert.of_cluster && world_.is_standby && world_.is_standby(*alert.labels))
      return "this server is a standby: the agent of the primary tells it";
    if (manners.mirrors) return "";
    if (const promql::Labels* source = inhibitor_.source_of(*alert.labels))
      return "inhibited by " + std::string(source->get("alertname"));
    if (std::string why = why_not_this_time(route); !why.empty()) return why;
    if (const Silence* silence = silence_of(world_.silences, *alert.labels, now_))
      return "silence " + silence->id + " of " + silence->author + " until " +
             clock_text(silence->ends_at, now_) + (silence->comment.empty() ? "" : ": " + silence->comment);
    return "";
  }

  /// Alerts that were told in a group that no route leads to any more: their end is told there.
  void add_what_was_told(const std::string& receiver, Drafts& drafts) const {
    const GroupStates* groups = groups_of(receiver);
    if (groups == nullptr) return;
    for (const auto& [key, state] : *groups) {
      std::set<std::string> routed;
      if (const auto draft = drafts.find(key); draft != drafts.end())
        for (const Desired& desired : draft->second.desired)
          routed.insert(desired.fingerprint);
      for (const auto& [fingerprint, told] : state.told) {
        const auto alert = world_.alerts.find(fingerprint);
        if (alert == world_.alerts.end() || routed.contains(fingerprint)) continue;
        drafts[key].desired.push_back({fingerprint, &alert->second, "told of elsewhere now"});
      }
    }
  }

  /// `before` becomes `draft`, and keeps alerts that were told here and that the absent one knows by now:
  /// their end is told here as well.
  static void add_what_was_told_for_another(Draft& draft, Draft& before) {
    std::set<std::string> routed;
    for (const Desired& desired : draft.desired)
      routed.insert(desired.fingerprint);
    for (const Desired& desired : before.desired)
      if (!routed.contains(desired.fingerprint)) draft.desired.push_back(desired);
    before = std::move(draft);
  }

  const Policy& policy_;
  const World& world_;
  Timestamp now_;
  Inhibitor inhibitor_;
  mutable std::map<std::string, Times> times_ = {};  // by name, as they are asked for
};

int urgency(const PlannedGroup& group) {
  int worst = INT32_MAX;
  for (const Alert* alert : group.decision.alerts)
    worst = std::min(worst, rank_of_severity(alert->severity()));
  return worst;
}

}  // namespace

Policy::Policy(NotifySettings from)
    : settings(std::move(from)), routes(routes_of(settings)), inhibitions(inhibitions_of(settings)) {}

const ReceiverSettings* Policy::find(const std::string& receiver) const {
  const auto found = std::ranges::find(settings.receivers, receiver, &ReceiverSettings::name);
  return found == settings.receivers.end() ? nullptr : &*found;
}

Manners Policy::manners(const std::string& receiver) const {
  const ReceiverSettings* found = find(receiver);
  const ReceiverType* type = found == nullptr ? nullptr : find_receiver_type(found->type);
  return type == nullptr ? Manners{} : type->manners;
}

std::vector<PlannedGroup> plan(const Policy& policy,
                               const World& world,
                               const std::string& receiver,
                               Timestamp now) {
  const Planner planner(policy, world, now);
  Drafts drafts = planner.drafts(receiver);
  planner.add_fallbacks(receiver, drafts);
  const ReceiverSettings* settings = policy.find(receiver);
  const auto groups = world.groups.find(receiver);
  static const GroupStates k_none;
  if (settings != nullptr && !policy.manners(receiver).mirrors)
    gather_storm(drafts, groups == world.groups.end() ? k_none : groups->second, 2 * settings->max_alerts);
  std::vector<PlannedGroup> planned;
  for (auto& [key, draft] : drafts) {
    PlannedGroup group{key, draft.labels};
    if (groups != world.groups.end())
      if (const auto state = groups->second.find(key); state != groups->second.end())
        group.state = state->second;
    group.changed = note(group.state, draft.desired, settings->send_resolved, now);
    group.decision = decide(key, draft.grouping, group.state, draft.desired, now);
    group.note = std::move(draft.note);
    group.desired = std::move(draft.desired);
    planned.push_back(std::move(group));
  }
  // States of which no alert is left are forgotten.
  if (groups != world.groups.end())
    for (const auto& [key, state] : groups->second)
      if (!drafts.contains(key)) planned.push_back({key, promql::Labels::none(), {}, true, {}, {}});
  return planned;
}

const PlannedGroup* most_urgent(const std::vector<PlannedGroup>& plan) {
  const PlannedGroup* first = nullptr;
  for (const PlannedGroup& group : plan) {
    if (group.decision.kind != Decision::Kind::send) continue;
    if (first == nullptr) {
      first = &group;
      continue;
    }
    const int difference = urgency(group) - urgency(*first);
    if (difference < 0 || (difference == 0 && group.decision.due_since < first->decision.due_since))
      first = &group;
  }
  return first;
}

Timestamp next_look(const std::vector<PlannedGroup>& plan, Timestamp now) {
  Timestamp next = now + k_longest_sleep;
  for (const PlannedGroup& group : plan)
    if (group.decision.at) next = std::min(next, *group.decision.at);
  return next;
}

std::vector<std::string> forgettable(const Policy& policy, const World& world, Timestamp now) {
  std::vector<std::string> done;
  for (const auto& [fingerprint, alert] : world.alerts) {
    if (alert.fires()) continue;
    // Whoever is routed to has looked at it when it is noted as done; whoever is not has no say.
    const bool late = now - *alert.resolved_at >= policy.settings.give_up_after;
    const bool is_done =
        std::ranges::all_of(policy.settings.receivers, [&](const ReceiverSettings& receiver) {
          const auto groups = world.groups.find(receiver.name);
          bool routed = false;
          for (const std::size_t at : routes_of(policy.routes, *alert.labels))
            routed = routed || std::ranges::find(policy.routes[at].receivers, receiver.name) !=
                                   policy.routes[at].receivers.end();
          bool seen = !routed || policy.manners(receiver.name).beats;
          if (groups == world.groups.end()) return seen;
          for (const auto& [key, state] : groups->second) {
            if (!state.told.contains(fingerprint)) continue;
            if (!state.is_done_with(fingerprint)) return false;
            seen = true;
          }
          return seen;
        });
    if (is_done || late) done.push_back(fingerprint);
  }
  return done;
}

}  // namespace pgvigil::agent::notify
