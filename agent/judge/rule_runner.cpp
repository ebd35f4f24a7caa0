#include "agent/judge/rule_runner.h"

#include <algorithm>
#include <utility>

#include "agent/elapsed.h"
#include "agent/judge/alert_digest.h"
#include "agent/judge/alert_series.h"
#include "agent/judge/ticks.h"
#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

using rules::Alert;
using rules::AlertPhase;
using rules::Alerts;
using rules::Rule;
using rules::RuleKind;
using rules::Sight;
using rules::Transition;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What lies still in the store is refreshed as often: values, texts, and that it was looked at.
constexpr std::chrono::minutes k_refresh{5};

milliseconds lookback_of(milliseconds interval) {
  return std::max<milliseconds>(std::chrono::minutes{5}, 2 * interval);
}

Happened happened(const std::shared_ptr<const Rule>& rule, Transition transition, Alert alert, Timestamp at) {
  return {rule, {transition, std::move(alert)}, at};
}

}  // namespace

std::string_view to_string(RuleHealth health) {
  switch (health) {
    case RuleHealth::unknown:
      return "unknown";
    case RuleHealth::ok:
      return "ok";
    case RuleHealth::err:
      return "err";
  }
  return "";
}

std::vector<Happened> RuleRunner::configure(std::vector<Rule> rules,
                                            RuleSurroundings surroundings,
                                            AlertsByRule restored,
                                            const Samples& samples,
                                            Timestamp now) {
  std::vector<Happened> told;
  std::map<std::string, std::shared_ptr<const Rule>> before;
  std::map<std::string, RuleStatus> statuses;
  for (Group& group : std::exchange(groups_, {}))
    for (Slot& slot : group.slots) {
      if (!slot.alerts.empty()) restored.insert_or_assign(slot.rule->name, std::move(slot.alerts));
      before[slot.rule->name] = slot.rule;
      statuses[slot.rule->name] = std::move(slot.status);
    }
  surroundings_ = std::move(surroundings);
  for (Rule& rule : rules)
    add(std::move(rule), now);
  for (Group& group : groups_)
    for (Slot& slot : group.slots) {
      if (slot.rule->kind != RuleKind::alert) continue;
      if (auto known = restored.extract(slot.rule->name))
        take_over(slot, std::move(known.mapped()), samples, now, told);
      if (const auto known = statuses.find(slot.rule->name); known != statuses.end()) {
        slot.status = known->second;
        slot.status.rule = slot.rule;
      }
    }
  for (auto& [name, alerts] : restored) {
    gone_.insert(name);
    auto rule = before[name];
    if (!rule) {
      Rule nameless;
      nameless.name = name;
      rule = std::make_shared<const Rule>(std::move(nameless));
    }
    for (auto& [labels, alert] : alerts)
      if (alert.state.phase == AlertPhase::firing)
        told.push_back(happened(rule, Transition::resolved, std::move(alert), now));
  }
  return told;
}

void RuleRunner::add(Rule rule, Timestamp now) {
  const milliseconds interval =
      rule.interval > milliseconds{0} ? rule.interval : surroundings_.default_interval;
  const auto same = [&](const Group& group) {
    return group.status.name == rule.group && group.status.file == rule.file;
  };
  auto group = std::ranges::find_if(groups_, same);
  if (group == groups_.end()) {
    groups_.push_back({.status = {.name = rule.group, .file = rule.file, .interval = interval},
                       .due = next_tick(rule.file + '/' + rule.group, interval, now)});
    group = std::prev(groups_.end());
  }
  Slot slot{.policy = rules::policy_of(rule, interval),
            .metrics = rules::metrics_read(rule),
            .source = "rule/" + rule.file + '/' + rule.group + '/' + std::to_string(group->slots.size())};
  slot.rule = std::make_shared<const Rule>(std::move(rule));
  slot.status.rule = slot.rule;
  group->slots.push_back(std::move(slot));
}

/// Where a rule has other labels than before, receivers know its alerts under those that they had.
void RuleRunner::take_over(
    Slot& slot, Alerts before, const Samples& samples, Timestamp now, std::vector<Happened>& told) {
  slot.alerts = rules::relabelled(*slot.rule, context(samples), before, now);
  for (auto& [labels, alert] : before)
    if (alert.state.phase == AlertPhase::firing && !slot.alerts.contains(labels))
      told.push_back(happened(slot.rule, Transition::resolved, alert, now));
  for (const auto& [labels, alert] : slot.alerts)
    if (alert.state.phase == AlertPhase::firing && !before.contains(labels))
      told.push_back(happened(slot.rule, Transition::firing, alert, now));
  note_unsaved(slot, now);
}

Timestamp RuleRunner::next_due() const {
  Timestamp next = Timestamp::max();
  for (const Group& group : groups_)
    next = std::min(next, group.due);
  return next;
}

milliseconds RuleRunner::shortest_interval() const {
  milliseconds shortest = std::chrono::hours{1};
  for (const Group& group : groups_)
    shortest = std::min(shortest, group.status.interval);
  return shortest;
}

std::vector<Happened> RuleRunner::run_due(World& world, Samples& samples, Timestamp now) {
  std::vector<Happened> told;
  for (Group& group : groups_) {
    const std::string key = group.status.file + '/' + group.status.name;
    // After the clock was set back the next tick may be far away.
    if (group.due > now + group.status.interval) group.due = next_tick(key, group.status.interval, now);
    if (group.due > now) continue;
    figures_.missed += static_cast<std::uint64_t>((now - group.due) / group.status.interval);
    group.due = next_tick(key, group.status.interval, now);
    // As precise as the store keeps it, and not before the newest sample.
    run(group, world, samples, std::chrono::floor<milliseconds>(std::max(now, samples.newest())), told);
  }
  return told;
}

void RuleRunner::run(
    Group& group, World& world, Samples& samples, Timestamp now, std::vector<Happened>& told) {
  const auto start = steady_clock::now();
  for (Slot& slot : group.slots)
    if (!is_waiting(slot, world)) run(slot, world, samples, now, told);
  std::vector<rules::Reading> series;
  for (const Slot& slot : group.slots)
    append_alert_series(slot.alerts, series);
  if (group.shows_alerts || !series.empty()) {
    group.shows_alerts = !series.empty();
    samples.publish("alerts/" + group.status.file + '/' + group.status.name, std::move(series), now,
                    lookback_of(group.status.interval).count());
  }
  group.status.evaluation_seconds = seconds_since(start);
  group.status.last_evaluation = now;
  figures_.seconds += group.status.evaluation_seconds;
  figures_.last_evaluation = now;
}

void RuleRunner::run(Slot& slot, World& world, Samples& samples, Timestamp now, std::vector<Happened>& told) {
  const auto start = steady_clock::now();
  rules::EvaluationContext surroundings = context(samples);
  surroundings.sight = [&](std::string_view metric, const promql::Labels& of) {
    const CollectorSight seen = sight(world, metric, of, 0);
    return seen == CollectorSight::all ? Sight::all
                                       : (seen == CollectorSight::some ? Sight::some : Sight::none);
  };
  surroundings.most_alerts = room_for(slot);
  rules::RuleResult result = rules::evaluate_rule(*slot.rule, slot.policy, surroundings, slot.alerts, now);
  for (rules::AlertEvent& event : result.events)
    told.push_back({slot.rule, std::move(event), now});
  slot.status.evaluation_seconds = seconds_since(start);
  slot.status.last_evaluation = now;
  note_outcome(slot, result);
  if (slot.rule->kind == RuleKind::alert) return note_unsaved(slot, now);
  if (result.error) return;
  std::vector<rules::Reading> readings;
  for (promql::Sample& sample : result.recorded)
    readings.push_back({std::move(sample.labels), sample.point.v});
  samples.publish(slot.source, std::move(readings), now, lookback_of(slot.policy.longest_gap / 4).count());
}

void RuleRunner::note_outcome(Slot& slot, const rules::RuleResult& result) {
  ++figures_.evaluations;
  std::string why;
  if (result.error) why = promql::to_string(*result.error);
  slot.status.health = result.error ? RuleHealth::err : RuleHealth::ok;
  if (result.error) ++figures_.failures;
  for (const std::string& error : result.template_errors)
    why += (why.empty() ? "" : "; ") + error;
  if (result.left_out > 0)
    why += (why.empty() ? "" : "; ") +
           std::string("not all of its alerts are kept: there are [rules] max_alerts");
  if (why.empty())
    log_recovery("rule_failed", slot.rule->name, {{"rule", slot.rule->name}});
  else
    log_on_change(LogLevel::warning, "rule_failed", slot.rule->name, {ErrorKind::query, why, ""},
                  {{"rule", slot.rule->name}, {"file", slot.rule->file}});
  slot.status.last_error = std::move(why);
  slot.status.left_out = result.left_out;
}

void RuleRunner::note_unsaved(Slot& slot, Timestamp now) {
  const std::uint64_t is = alert_digest(slot.alerts);
  const bool old = !slot.alerts.empty() && now - slot.saved_at >= k_refresh;
  if (is == slot.saved_digest && !old) return;
  slot.saved_digest = is;
  slot.saved_at = now;
  unsaved_.insert(slot.rule->name);
}

/// How many alerts it may have, beside those of the others.
std::size_t RuleRunner::room_for(const Slot& slot) const {
  std::size_t others = 0;
  for (const Group& group : groups_)
    for (const Slot& other : group.slots)
      if (&other != &slot) others += other.alerts.size();
  return surroundings_.max_alerts - std::min(surroundings_.max_alerts, others);
}

rules::EvaluationContext RuleRunner::context(const Samples& samples) const {
  rules::EvaluationContext context{samples.storage()};
  context.external_url = surroundings_.external_url;
  return context;
}

void RuleRunner::for_each_unsaved(
    const std::function<void(const std::string& rule, const Alerts&)>& save) const {
  for (const std::string& rule : gone_)
    save(rule, {});
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots)
      if (slot.rule->kind == RuleKind::alert && unsaved_.contains(slot.rule->name))
        save(slot.rule->name, slot.alerts);
}

void RuleRunner::confirm_saved() {
  gone_.clear();
  unsaved_.clear();
}

std::optional<RuleRunner::Found> RuleRunner::find(const promql::LabelsPtr& labels) const {
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots)
      if (const auto found = slot.alerts.find(labels); found != slot.alerts.end())
        return Found{slot.rule.get(), &found->second};
  return std::nullopt;
}

std::vector<GroupStatus> RuleRunner::status() const {
  std::vector<GroupStatus> all;
  for (const Group& group : groups_) {
    GroupStatus& shown = all.emplace_back(group.status);
    for (const Slot& slot : group.slots) {
      RuleStatus& rule = shown.rules.emplace_back(slot.status);
      for (const auto& [labels, alert] : slot.alerts)
        if (alert.state.phase != AlertPhase::inactive) rule.alerts.push_back(alert);
      std::ranges::sort(rule.alerts, [](const Alert& a, const Alert& b) { return *a.labels < *b.labels; });
    }
  }
  return all;
}

void RuleRunner::for_each_alert(const std::function<void(const RuleStatus&, const Alert&)>& look) const {
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots)
      for (const auto& [labels, alert] : slot.alerts)
        if (alert.state.phase != AlertPhase::inactive) look(slot.status, alert);
}

std::map<std::string, std::size_t> RuleRunner::left_out() const {
  std::map<std::string, std::size_t> counts;
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots)
      if (slot.status.left_out > 0) counts[slot.rule->name] += slot.status.left_out;
  return counts;
}

std::size_t RuleRunner::rules() const {
  std::size_t count = 0;
  for (const Group& group : groups_)
    count += group.slots.size();
  return count;
}

}  // namespace pgvigil::agent
