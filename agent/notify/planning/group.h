#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/notify/matching/route.h"
#include "agent/notify/message/notification.h"

namespace pgvigil::agent::notify {

/// How far a receiver is with one alert.
enum class Stage : std::uint8_t {
  owed,         ///< it fires (or did), nothing kept it quiet, and the receiver does not know yet
  told_firing,  ///< the receiver knows that it fires
  done,         ///< the receiver knows that it is resolved, or need never know that it fired
};

/// What a receiver knows, or must come to know, of one alert: the episode that began at `fired_at`.
struct Told {
  Stage stage = Stage::owed;
  Timestamp fired_at = {};
  Timestamp owed_since = {};
  bool attempted = false;   ///< somebody tried to tell: the receiver may know although it is owed
  bool incomplete = false;  ///< it was told while its evidence was still looked for

  bool operator==(const Told&) const = default;
};

/// What must survive a restart of one group at one receiver.
struct GroupState {
  std::map<std::string, Told> told = {};    ///< by fingerprint
  std::optional<Timestamp> opened_at = {};  ///< when the first alert was owed, since nothing fired
  std::optional<Timestamp> last_sent = {};
  std::uint64_t sequence = 0;  ///< messages delivered
  std::string memory = {};     ///< the receiver's own: where its last message stands
  std::string refused = {};    ///< the id of a message that the receiver will never take

  bool operator==(const GroupState&) const = default;
  /// Whether the receiver thinks that something fires.
  bool is_open() const;
  /// Whether the receiver need not hear of this resolved alert any more.
  bool is_done_with(const std::string& fingerprint) const;
};

/// One alert of a group, as desired.
struct Desired {
  std::string fingerprint;
  const Alert* alert = nullptr;
  std::string quiet = {};  ///< why nobody is told that it fires: "silence 3f…"; empty: nothing
};

/// What to do about a group now.
struct Decision {
  enum class Kind : std::uint8_t { nothing, wait, send };
  Kind kind = Kind::nothing;
  std::string reason;                       ///< for people: "nothing changed", "grouped until …"
  std::optional<Timestamp> at = {};         ///< when to look again by the clock alone
  Cause cause = Cause::firing;              ///< of what is sent
  std::string id = {};                      ///< the idempotency key of it
  std::vector<const Alert*> alerts = {};    ///< that are sent
  std::optional<Timestamp> due_since = {};  ///< when the oldest news in it became due
};

/// Notes in `state` what is owed, what was quiet all its life, and forgets alerts that are gone from
/// `desired`, which holds every alert of the group that is not forgotten yet. Returns whether anything
/// changed. Pure.
bool note(GroupState& state, std::span<const Desired> desired, bool tells_resolved, Timestamp now);

/// Compares what is desired with what was told, after note(). Pure. What it promises: a resolved alert is
/// told only when it was told or owed that it fired; one that was told to fire is told to be resolved,
/// silenced or not; what fired and ended before the receiver could be reached is one message; without a
/// change nothing is sent before `repeat` has passed, but for the evidence of a message that went out
/// without.
Decision decide(const std::string& group_key,
                const Grouping& grouping,
                const GroupState& state,
                std::span<const Desired> desired,
                Timestamp now);

/// Notes that a message about these alerts is on its way: kept before it is sent, so that the end of what a
/// receiver may have heard of follows, whatever happens to its answer. Returns whether anything changed.
bool attempting(GroupState& state, std::span<const Alert> alerts);

/// The state after the receiver took a message about these alerts.
void delivered(GroupState& state, std::span<const Alert> alerts, std::string memory, Timestamp now);

}  // namespace pgvigil::agent::notify
