#include "agent/notify/marking.h"

#include <algorithm>
#include <utility>

#include "agent/log/log.h"
#include "agent/notify/outbox.h"

namespace pgvigil::agent::notify {
namespace {

using Episodes = std::vector<std::pair<std::string, Timestamp>>;  // fingerprint and beginning

void count_given_up(Shared& shared, const std::string& fingerprint) {
  for (const auto& [receiver, groups] : shared.world.groups)
    for (const auto& [group, state] : groups) {
      if (state.is_done_with(fingerprint)) continue;
      ++shared.figures[receiver].given_up;
      log(LogLevel::error, "notification_given_up", {{"receiver", receiver}, {"group", group}});
    }
}

Episodes done_episodes(Shared& shared, Timestamp now) {
  Episodes done;
  const std::lock_guard lock(shared.mutex);
  for (const std::string& key : forgettable(shared.policy, shared.world, now))
    done.emplace_back(key, shared.world.alerts.at(key).fired_at);
  return done;
}

}  // namespace

bool save_groups(Store& store,
                 Shared& shared,
                 const std::string& receiver,
                 const std::vector<PlannedGroup>& groups) {
  if (std::ranges::none_of(groups, &PlannedGroup::changed)) return true;
  auto transaction = store.begin();
  if (transaction) {
    for (const PlannedGroup& group : groups)
      if (group.changed) save_outbox_group(*transaction, receiver, group.key, group.state);
  }
  const auto stored =
      transaction ? transaction->commit() : std::expected<void, Error>(std::unexpected(transaction.error()));
  if (!stored) log_on_change(LogLevel::error, "outbox_failed", receiver, stored.error(), {});
  const std::lock_guard lock(shared.mutex);
  GroupStates& states = shared.world.groups[receiver];
  for (const PlannedGroup& group : groups) {
    if (!group.changed) continue;
    if (group.state.told.empty())
      states.erase(group.key);
    else
      states.insert_or_assign(group.key, group.state);
  }
  return stored.has_value();
}

void forget_done(Store& store, Shared& shared, Timestamp now) {
  const Episodes done = done_episodes(shared, now);
  if (done.empty()) return;
  auto transaction = store.begin();
  if (!transaction) return;
  for (const auto& [key, fired_at] : done)
    forget_outbox_alert(*transaction, key, fired_at);
  forget_unused_evidence(*transaction);
  if (!transaction->commit()) return;
  const std::lock_guard lock(shared.mutex);
  for (const auto& [key, fired_at] : done) {
    const auto alert = shared.world.alerts.find(key);
    if (alert == shared.world.alerts.end() || alert->second.fired_at != fired_at || alert->second.fires())
      continue;
    count_given_up(shared, key);
    shared.world.alerts.erase(alert);
  }
}

}  // namespace pgvigil::agent::notify
