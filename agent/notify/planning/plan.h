#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/notify/matching/silence.h"
#include "agent/notify/planning/draft.h"
#include "agent/notify/receivers/receiver.h"
#include "agent/notify/receivers/receiver_health.h"
#include "agent/notify/settings.h"

namespace pgvigil::agent::notify {

/// The settings as they are worked with.
struct Policy {
  explicit Policy(NotifySettings from);
  const ReceiverSettings* find(const std::string& receiver) const;
  /// How a receiver's type wants to be treated.
  Manners manners(const std::string& receiver) const;

  NotifySettings settings;
  std::vector<Route> routes;
  std::vector<Inhibition> inhibitions;
};

/// What there is to tell, and who knows what.
struct World {
  std::map<std::string, Alert> alerts;  ///< that fire, or whose end somebody must hear of; by fingerprint
  std::vector<Silence> silences;
  std::map<std::string, GroupStates> groups;     ///< by receiver
  std::map<std::string, ReceiverHealth> health;  ///< by receiver
  /// Whether what has these labels can only be a standby, as far as is known now. Without it nothing is.
  std::function<bool(const promql::Labels& of)> is_standby = {};
};

/// A group of one receiver, and what is to be done about it.
struct PlannedGroup {
  std::string key;
  promql::LabelsPtr labels;
  GroupState state;      ///< as noted now
  bool changed = false;  ///< it is to be saved
  Decision decision;
  std::string note;                   ///< what stands before its text: on whose behalf it is told
  std::vector<Desired> desired = {};  ///< its alerts; they stand in the world
};

/// Everything about one receiver now: routes, inhibition, mute times, silences and groups, in this order,
/// then the groups of receivers that it stands in for, because they are away or refused a message for good,
/// and storms. Pure.
std::vector<PlannedGroup> plan(const Policy& policy,
                               const World& world,
                               const std::string& receiver,
                               Timestamp now);

/// The most urgent group that is to be sent: the worst severity first, then what waits longest; null when
/// there is none.
const PlannedGroup* most_urgent(const std::vector<PlannedGroup>& plan);

/// When to look again, if nothing happens meanwhile; at most a quarter of a minute ahead.
Timestamp next_look(const std::vector<PlannedGroup>& plan, Timestamp now);

/// The alerts that nobody has to be told of any more.
std::vector<std::string> forgettable(const Policy& policy, const World& world, Timestamp now);

}  // namespace pgvigil::agent::notify
