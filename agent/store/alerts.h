#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/store/room.h"
#include "agent/store/store.h"
#include "rules/evaluation.h"

namespace pgvigil::agent {

// What survives a restart of alerts: their states, and what happened to them.

extern const StoreRoom k_alerts_room;

/// Replaces what is kept of the rule's alerts.
void save_alerts(Transaction& transaction, std::string_view rule, const rules::Alerts& alerts);

/// The alerts of every rule. A row that cannot be read is left out.
std::expected<std::map<std::string, rules::Alerts>, Error> load_alerts(Store& store);

/// Something that happened to an alert.
struct AlertHistoryRow {
  std::int64_t id = 0;  ///< grows with time
  Timestamp at;
  std::string rule;
  std::string transition;  ///< "firing"
  std::string severity;
  promql::LabelsPtr labels;
  double value = 0;
};

void add_event(Transaction& transaction,
               const rules::Rule& rule,
               const rules::AlertEvent& event,
               Timestamp at);

/// How much of what happened is kept.
struct EventBounds {
  std::int64_t rows = 20'000;
  std::chrono::hours age{24 * 30};
};
void forget_old_events(Transaction& transaction, Timestamp now, const EventBounds& bounds = {});

/// The last `most` events, newest first.
std::expected<std::vector<AlertHistoryRow>, Error> last_events(Store& store, std::int64_t most);

/// Who wants to store something of its own together with what happened, all or nothing: what is to be told.
class TransitionSink {
 public:
  virtual ~TransitionSink() = default;
  /// Called on the judge's thread, once for each event, before the commit. It may come again for the same
  /// event when the commit failed. Keep it short; the judge holds its lock.
  virtual void add(Transaction& transaction,
                   const rules::Rule& rule,
                   const rules::AlertEvent& event,
                   Timestamp at) = 0;
  /// The transaction with these events is on the disk.
  virtual void committed() {}
};

}  // namespace pgvigil::agent
