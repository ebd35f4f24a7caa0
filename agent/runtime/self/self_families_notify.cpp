#include <chrono>

#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {

using prometheus::MetricFamily;

std::vector<MetricFamily> notifier_families(const notify::NotifierFigures& notifier) {
  MetricFamily attempts =
      counter("pgvigil_notification_attempts_total",
              "Messages sent to a receiver since the start of the process, by what came back: delivered, "
              "retry, slow_down, refused or misconfigured.");
  MetricFamily given_up =
      counter("pgvigil_notifications_given_up_total",
              "Alerts whose end a receiver was not told of within [notify] give_up_after, since the start of "
              "the process.");
  MetricFamily open = gauge("pgvigil_receiver_unreachable",
                            "1 while a receiver cannot be reached and is only tried now and then, else 0.");
  MetricFamily oldest =
      gauge("pgvigil_notification_oldest_due_timestamp_seconds",
            "Since when the oldest news waits that a receiver should have been told of, in seconds since the "
            "Unix epoch; 0 when none waits.");
  MetricFamily waiting =
      gauge("pgvigil_notifications_waiting",
            "Groups of alerts of which a receiver should have been told by now: the backlog.");
  for (const notify::ReceiverFigures& one : notifier.receivers) {
    const auto receiver = label(OwnLabel::receiver, one.receiver);
    for (const auto& [outcome, count] : one.outcomes)
      add(attempts, {receiver, label(OwnLabel::result, outcome)}, static_cast<double>(count));
    add(given_up, {receiver}, static_cast<double>(one.given_up));
    add(open, {receiver}, one.open ? 1 : 0);
    add(waiting, {receiver}, static_cast<double>(one.waiting));
    add(oldest, {receiver}, one.oldest_due ? unix_seconds(*one.oldest_due) : 0);
  }
  MetricFamily looks =
      counter("pgvigil_evidence_looks_total",
              "Looks for the evidence of alerts since the start of the process, by what came of them: seen, "
              "shortened (not all rows fit), unsupported, failed, skipped (too much happened at once) or "
              "abandoned (nobody could look in time).");
  for (const auto& [outcome, count] : notifier.looks)
    add(looks, {label(OwnLabel::result, outcome)}, static_cast<double>(count));
  return {std::move(attempts), std::move(given_up), std::move(open),
          std::move(oldest),   std::move(waiting),  std::move(looks)};
}

}  // namespace pgvigil::agent
