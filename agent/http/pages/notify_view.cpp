#include "agent/http/pages/notify_view.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "agent/http/pages/page.h"
#include "agent/notify/message/text.h"

namespace pgvigil::agent {
namespace {

using notify::AlertStanding;
using notify::clock_text;
using notify::GroupStanding;

/// "dba: told 12:01:30 UTC", or why not.
std::string line_of(const GroupStanding& group, const AlertStanding& alert, Timestamp now) {
  std::string line = group.receiver.empty() ? "nobody" : group.receiver;
  line += (group.note.empty() ? "" : " (" + group.note + ")") + ": ";
  if (alert.told && group.last_sent) line += "told " + clock_text(*group.last_sent, now);
  if (alert.told && alert.quiet.empty()) return line;
  if (alert.told) line += ", no more: ";
  if (!alert.quiet.empty()) return line + alert.quiet;
  if (group.outcome == "due") return line + "not told yet, due";
  return line + group.reason + (group.until ? ", until " + clock_text(*group.until, now) : "");
}

std::string trouble_of(const notify::ReceiverFigures& receiver, Timestamp now) {
  std::string line = receiver.receiver + ": " + receiver.last_error;
  if (receiver.down_since) line += ", for " + age_of(receiver.down_since, now);
  if (!receiver.fallback.empty()) line += "; its fallback is " + receiver.fallback;
  return line;
}

}  // namespace

const notify::ReceiverFigures* NotifyView::receiver(std::string_view name) const {
  const auto found = std::ranges::find(receivers, name, &notify::ReceiverFigures::receiver);
  return found == receivers.end() ? nullptr : &*found;
}

NotifyView notify_view(const notify::Notifier* notifier, std::string_view version, Timestamp now) {
  NotifyView view{.version = std::string(version), .now = now};
  if (notifier == nullptr) return view;
  view.receivers = notifier->figures().receivers;
  std::ranges::stable_partition(view.receivers, is_in_trouble);
  view.groups = notifier->standings(now);
  view.silences = notifier->silences().all();
  view.decisions = notifier->decisions();
  std::erase_if(view.silences,
                [&](const auto& silence) { return state_of(silence, now) == notify::SilenceState::expired; });
  std::ranges::sort(view.silences, {}, [&](const notify::Silence& silence) {
    return std::pair(state_of(silence, now) != notify::SilenceState::active, silence.ends_at);
  });
  return view;
}

bool is_in_trouble(const notify::ReceiverFigures& receiver) {
  const bool failed_last = receiver.last_error_at &&
                           (!receiver.last_delivered || *receiver.last_delivered < *receiver.last_error_at);
  return receiver.open || receiver.down_since || failed_last;
}

void add_what_was_told(StatusView& view, const notify::Notifier& notifier) {
  for (const notify::ReceiverFigures& receiver : notifier.figures().receivers)
    if (is_in_trouble(receiver)) view.receivers_in_trouble.push_back(trouble_of(receiver, view.now));
  std::unordered_map<promql::LabelsPtr, AlertView*, promql::SameLabels, promql::SameLabels> shown;
  for (AlertView& alert : view.alerts.alerts)
    if (alert.state == "firing") shown[alert.labels] = &alert;
  if (shown.empty()) return;
  for (const GroupStanding& group : notifier.standings(view.now))
    for (const AlertStanding& alert : group.alerts)
      if (const auto found = shown.find(alert.labels); found != shown.end() && !alert.resolved_at)
        found->second->told.push_back(line_of(group, alert, view.now));
}

}  // namespace pgvigil::agent
