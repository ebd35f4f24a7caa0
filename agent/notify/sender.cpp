#include "agent/notify/sender.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/log/log.h"
#include "agent/notify/clock.h"
#include "agent/notify/marking.h"
#include "agent/notify/planning/storm.h"
#include "agent/notify/random.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_most_lines = 20;

/// Why nobody is told of what fires, for the log. In a storm a few stand for all: the page and the API have
/// the others.
void log_decisions(const std::string& receiver, const std::vector<DecisionView>& decided) {
  std::size_t quiet = 0;
  for (const DecisionView& one : decided) {
    const bool is_quiet = one.outcome == "quiet";
    if (is_quiet && ++quiet > k_most_lines) continue;
    log(is_quiet ? LogLevel::info : LogLevel::debug,
        is_quiet ? "notification_withheld" : "notification_waits",
        {{"receiver", receiver},
         {"about", one.about},
         {"alerts", one.alerts},
         {"why", one.reason},
         {"group", one.group}});
  }
  if (quiet > k_most_lines)
    log(LogLevel::info, "notifications_withheld", {{"receiver", receiver}, {"more", quiet - k_most_lines}});
}

/// The message about a group, as the world is now.
Notification notification_for(const std::string& receiver,
                              const PlannedGroup& group,
                              const Shared& shared,
                              Timestamp now) {
  Notification notification{receiver, group.key, group.decision.id, group.decision.cause, now, group.labels};
  for (const Alert* alert : group.decision.alerts)
    if (const auto current = shared.world.alerts.find(fingerprint(*alert->labels));
        current != shared.world.alerts.end())
      notification.alerts.push_back(current->second);
  sort_alerts(notification.alerts);
  notification.external_url = shared.external_url;
  notification.note = group.note;
  notification.due_since = group.decision.due_since;
  notification.memory = group.state.memory;
  notification.is_known = group.state.is_open();
  return notification;
}

std::optional<Timestamp> oldest_due(const std::vector<PlannedGroup>& groups) {
  std::optional<Timestamp> oldest;
  for (const PlannedGroup& group : groups)
    if (const auto due = group.decision.due_since; due && (!oldest || *due < *oldest)) oldest = due;
  return oldest;
}

std::size_t count_of_due(const std::vector<PlannedGroup>& groups) {
  return static_cast<std::size_t>(std::ranges::count(
      groups, Decision::Kind::send, [](const PlannedGroup& group) { return group.decision.kind; }));
}

}  // namespace

Sender::Sender(Store& store, Shared& shared, const Outlook& outlook, ReceiverSettings settings)
    : store_(store),
      shared_(shared),
      outlook_(outlook),
      delivery_(std::move(settings)),
      limit_(delivery_.manners().per_second, delivery_.manners().burst) {}

void Sender::run(const std::stop_token& stop, const std::stop_token& cut) {
  while (!stop.stop_requested()) {
    std::uint64_t news = 0;
    {
      const std::lock_guard lock(shared_.mutex);
      news = shared_.news;
    }
    const Timestamp next = step(cut);
    std::unique_lock lock(shared_.mutex);
    shared_.wake.wait_until(lock, stop, next, [&] { return shared_.news != news; });
  }
}

/// Plans, and sends at most one message. Gives when to come again.
Timestamp Sender::step(const std::stop_token& cut) {
  const Timestamp now = now_ms();
  Turn turn = look(now);
  log_decisions(delivery_.settings().name, turn.decided);
  if (turn.notification) turn.chosen->changed |= attempting(turn.chosen->state, turn.notification->alerts);
  // Without the disk nothing is sent: who is told must be known after a crash.
  if (!save_groups(store_, shared_, delivery_.settings().name, turn.groups)) return now + 5s;
  if (!turn.notification) {
    forget_done(store_, shared_, now);
    return turn.chosen != nullptr ? std::max(turn.possible, now + 10ms) : next_look(turn.groups, now);
  }
  limit_.take(now);
  add_recent(*turn.notification);
  const bool is_storm = turn.notification->group == k_storm;
  Attempt attempt = delivery_.send(is_storm ? folded(*turn.notification) : *turn.notification, cut);
  if (cut.stop_requested() && attempt.judgement.verdict != Verdict::delivered) return now;
  settle(*turn.chosen, *turn.notification, std::move(attempt));
  return now_ms();
}

/// Decisions point into the world: what is needed of them is copied before the lock is gone.
Sender::Turn Sender::look(Timestamp now) {
  const std::string& name = delivery_.settings().name;
  const std::lock_guard lock(shared_.mutex);
  Turn turn{plan(shared_.policy, shared_.world, name, now)};
  turn.possible = std::max(limit_.next(now), shared_.world.health[name].not_before.value_or(now));
  shared_.figures[name].oldest_due = oldest_due(turn.groups);
  shared_.figures[name].last_look = now;
  shared_.figures[name].waiting = count_of_due(turn.groups);
  turn.decided = shared_.decisions.note_plan(name, turn.groups, now);
  if (const PlannedGroup* urgent = most_urgent(turn.groups); urgent != nullptr)
    turn.chosen = &turn.groups[static_cast<std::size_t>(urgent - turn.groups.data())];
  if (turn.chosen != nullptr && turn.possible <= now)
    turn.notification = notification_for(name, *turn.chosen, shared_, now);
  return turn;
}

/// What those that are shown and fire were like of late.
void Sender::add_recent(Notification& notification) const {
  if (!outlook_.recent) return;
  std::vector<promql::LabelsPtr> shown;
  for (const Alert& alert : notification.alerts)
    if (alert.fires() && shown.size() < std::min(delivery_.settings().max_alerts, k_most_lines))
      shown.push_back(alert.labels);
  auto recent = outlook_.recent(shown);
  for (std::size_t i = 0; i < std::min(recent.size(), shown.size()); ++i)
    notification.alerts[i].recent = std::move(recent[i]);  // those that fire come first
}

/// Notes how the receiver fares: who stands in for it, and which alerts may be forgotten, depends on it.
void Sender::note_answer(const Notification& notification, const Judgement& judgement, Timestamp now) {
  const std::string& name = delivery_.settings().name;
  const std::string verdict(to_string(judgement.verdict));
  const std::lock_guard lock(shared_.mutex);
  ReceiverHealth& health = shared_.world.health[name];
  health = after(health, judgement.verdict, judgement.retry_after, random_share(), now);
  ReceiverFigures& figures = shared_.figures[name];
  ++figures.outcomes[verdict];
  std::string why = judgement.why;
  if (judgement.verdict == Verdict::delivered) {
    figures.last_delivered = now;
  } else {
    figures.last_error = why;
    figures.last_error_at = now;
    const std::string& fallback = delivery_.settings().fallback;
    if (judgement.verdict == Verdict::refused && !fallback.empty())
      why += "; passed to its fallback " + fallback;
  }
  std::vector<std::string_view> names;
  for (const Alert& alert : notification.alerts)
    names.push_back(alert.name());
  shared_.decisions.note({now, name, notification.group, verdict, std::move(why), names.size(),
                          names_of(names), std::string(to_string(notification.cause)), health.not_before});
  shared_.tell_news();
}

void Sender::settle(PlannedGroup& group, const Notification& notification, Attempt attempt) {
  const std::string& name = delivery_.settings().name;
  const Judgement& judgement = attempt.judgement;
  const Timestamp now = now_ms();
  const LogFields fields = {{"receiver", name},
                            {"group", group.key},
                            {"cause", to_string(notification.cause)},
                            {"alerts", notification.alerts.size()},
                            {"why", judgement.why}};
  note_answer(notification, judgement, now);
  if (judgement.verdict == Verdict::delivered) {
    delivered(group.state, notification.alerts, std::move(attempt.memory), now);
    log(LogLevel::info, "notified", fields);
  } else if (judgement.verdict == Verdict::refused) {
    group.state.refused = notification.id;
    log(LogLevel::error, "notification_refused", fields);
  } else {
    return log_on_change(LogLevel::error, "notification_failed", name,
                         {ErrorKind::unreachable, judgement.why}, {{"receiver", name}});
  }
  log_recovery("notification_failed", name, {{"receiver", name}});
  group.changed = true;
  // Until it is stored it may be told once more; it is never told less.
  save_groups(store_, shared_, name, {group});
}

}  // namespace pgvigil::agent::notify
