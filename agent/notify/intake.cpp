#include "agent/notify/intake.h"

#include <utility>

#include "agent/notify/clock.h"
#include "agent/notify/outbox.h"

namespace pgvigil::agent::notify {
namespace {

Alert firing_alert(const rules::Rule& rule, const rules::Alert& judged, Timestamp at) {
  Alert alert{judged.labels, judged.annotations, judged.state.value, whole(judged.state.firing_since)};
  alert.of_cluster = rule.scope == rules::RuleScope::cluster;
  alert.dossier.wanted = rule.evidence;
  alert.dossier.since = whole(at);
  return alert;
}

void save(Transaction& transaction, const Alert& alert, bool is_new) {
  save_outbox_alert(transaction, alert);
  if (is_new && !alert.dossier.is_complete()) save_dossier(transaction, alert);
}

}  // namespace

std::optional<Alert> after_event(const Alert* known,
                                 const rules::Rule& rule,
                                 const rules::AlertEvent& event,
                                 Timestamp at) {
  using rules::Transition;
  const rules::Alert& judged = event.alert;
  std::optional<Alert> alert;
  if (known != nullptr) alert = *known;
  switch (event.transition) {
    case Transition::pending:
    case Transition::dropped:
      return std::nullopt;
    case Transition::firing:
      return firing_alert(rule, judged, at);
    case Transition::resolved:
      if (!alert || !alert->fires()) return std::nullopt;
      alert->resolved_at = whole(at);
      alert->unknown_since.reset();
      return alert;
    case Transition::unknown_begins:
    case Transition::unknown_ends:
    case Transition::flapping_begins:
    case Transition::flapping_ends:
      if (!alert) return std::nullopt;
      alert->flapping = judged.state.flapping;
      alert->unknown_since = judged.state.unknown_since;
      return alert;
  }
  return std::nullopt;
}

const Alert* Intake::find(const std::string& key) const {
  if (const auto waiting = uncommitted_.find(key); waiting != uncommitted_.end()) return &waiting->second;
  const auto known = shared_.world.alerts.find(key);
  return known == shared_.world.alerts.end() ? nullptr : &known->second;
}

void Intake::add(Transaction& transaction,
                 const rules::Rule& rule,
                 const rules::AlertEvent& event,
                 Timestamp at) {
  const std::lock_guard lock(shared_.mutex);
  const NotifySettings& settings = shared_.policy.settings;
  if (settings.receivers.empty()) return;
  const std::string key = fingerprint(*event.alert.labels);
  auto alert = after_event(find(key), rule, event, at);
  if (!alert) return;
  save(transaction, *alert, event.transition == rules::Transition::firing);
  uncommitted_.insert_or_assign(key, std::move(*alert));
}

void Intake::committed() {
  const std::lock_guard lock(shared_.mutex);
  for (auto& [key, alert] : uncommitted_)
    take(std::move(alert));
  uncommitted_.clear();
  shared_.tell_news();
}

/// With the mutex held. What was seen meanwhile of an episode that goes on is kept.
void Intake::take(Alert alert) {
  Alert& known = shared_.world.alerts[fingerprint(*alert.labels)];
  if (known.labels && known.fired_at == alert.fired_at) alert.dossier = std::move(known.dossier);
  known = std::move(alert);
}

void Intake::adopt(const rules::Rule& rule, const std::vector<rules::Alert>& alerts, Timestamp now) {
  std::vector<Alert> fresh;
  {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.policy.settings.receivers.empty()) return;
    for (const rules::Alert& judged : alerts) {
      if (judged.state.phase != rules::AlertPhase::firing) continue;
      const Alert* known = find(fingerprint(*judged.labels));
      if (known == nullptr || !known->fires()) fresh.push_back(firing_alert(rule, judged, now));
    }
  }
  if (fresh.empty()) return;
  if (auto transaction = store_.begin()) {
    for (const Alert& alert : fresh)
      save(*transaction, alert, true);
    (void)transaction->commit();  // if it fails they are told, but not after a crash
  }
  const std::lock_guard lock(shared_.mutex);
  for (Alert& alert : fresh) {
    // The judge may have ended it meanwhile.
    const Alert* known = find(fingerprint(*alert.labels));
    if (known == nullptr || known->fired_at < alert.fired_at) take(std::move(alert));
  }
  shared_.tell_news();
}

}  // namespace pgvigil::agent::notify
