#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "agent/notify/planning/outlook.h"
#include "agent/notify/receivers/delivery.h"
#include "agent/notify/shared.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// Tells one receiver: plans, sends the most urgent message, marks what came of it, and sleeps until there is
/// news. What is about to be told is on the disk before, and what was told after it.
class Sender {
 public:
  Sender(Store& store, Shared& shared, const Outlook& outlook, ReceiverSettings settings);
  /// Until `stop`: what is under way then is finished, unless `cut` ends it.
  void run(const std::stop_token& stop, const std::stop_token& cut);

 private:
  /// A plan, and the message that may go out now.
  struct Turn {
    std::vector<PlannedGroup> groups = {};
    PlannedGroup* chosen = nullptr;          ///< of them; it may have to wait for the receiver
    Timestamp possible = {};                 ///< when the receiver may be told
    std::vector<DecisionView> decided = {};  ///< that nobody knows of yet
    std::optional<Notification> notification = {};
  };

  Timestamp step(const std::stop_token& cut);
  Turn look(Timestamp now);
  void add_recent(Notification& notification) const;
  void settle(PlannedGroup& group, const Notification& notification, Attempt attempt);
  void note_answer(const Notification& notification, const Judgement& judgement, Timestamp now);

  Store& store_;
  Shared& shared_;
  const Outlook& outlook_;
  Delivery delivery_;
  RateLimit limit_;
};

}  // namespace pgvigil::agent::notify
