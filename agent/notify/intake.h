#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/notify/shared.h"
#include "agent/store/store.h"
#include "rules/evaluation.h"

namespace pgvigil::agent::notify {

/// The alert as it is told after this event, given what is known of it; nothing when the event is not to be
/// told of. Pure.
std::optional<Alert> after_event(const Alert* known,
                                 const rules::Rule& rule,
                                 const rules::AlertEvent& event,
                                 Timestamp at);

/// The first stage: what the judge sees becomes what there is to tell. An event is on the disk, in the
/// judge's own transaction, before anybody is told of it. Any thread may call it.
class Intake {
 public:
  Intake(Store& store, Shared& shared) : store_(store), shared_(shared) {}

  void add(Transaction& transaction, const rules::Rule& rule, const rules::AlertEvent& event, Timestamp at);
  void committed();
  /// Alerts of a rule that fire already when receivers come to be: they are told as well.
  void adopt(const rules::Rule& rule, const std::vector<rules::Alert>& alerts, Timestamp now);

 private:
  const Alert* find(const std::string& fingerprint) const;

  void take(Alert alert);

  Store& store_;
  Shared& shared_;
  std::map<std::string, Alert> uncommitted_;  // guarded as what is shared
};

}  // namespace pgvigil::agent::notify
