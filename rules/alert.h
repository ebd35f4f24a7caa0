#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/model/units.h"
#include "rules/rule.h"

namespace pgvigil::rules {

using std::chrono::milliseconds;

/// What an evaluation says of one alert.
enum class Condition : std::uint8_t {
  holds,    ///< the expression gives its labels
  gone,     ///< the data is there, and the expression does not give them
  no_data,  ///< the series were looked for with success and are not there
  unseen,   ///< nothing is known: a collector behind it failed, or the evaluation did
};

/// One look at one alert.
struct Observation {
  Condition condition = Condition::gone;
  double value = 0;
  bool cleared = true;  ///< whether the rule's `clear` gives its labels; true for a rule without one
};

/// How a rule wants its alerts judged.
struct AlertPolicy {
  milliseconds hold_for{0};
  milliseconds keep_firing_for{0};
  NoData on_nodata = NoData::resolve;
  std::optional<FlapSettings> flap = {};
  /// Two looks further apart than this have not observed the time between them (the agent was down): the
  /// clocks of `for` and keep_firing_for leave it out.
  milliseconds longest_gap{60'000};
};

/// The policy of a rule that is evaluated every `interval`.
AlertPolicy policy_of(const Rule& rule, milliseconds interval);

enum class AlertPhase : std::uint8_t { inactive, pending, firing };
/// "inactive", "pending", "firing": the words of Prometheus's API.
std::string_view to_string(AlertPhase phase);

/// All that must survive a restart of one alert.
struct AlertState {
  AlertPhase phase = AlertPhase::inactive;
  double value = 0;                             ///< when the condition was last seen to hold
  Timestamp active_since = {};                  ///< when it was first seen to hold
  Timestamp firing_since = {};                  ///< when it began to fire; meaningless before
  milliseconds observed{0};                     ///< how long it has been seen to hold: the clock of `for`
  milliseconds observed_gone{0};                ///< of a firing alert: how long it has been seen to be gone
  std::optional<Timestamp> last_look = {};      ///< the last one at which something was seen
  std::optional<Timestamp> unknown_since = {};  ///< since when nothing is known
  std::vector<Timestamp> changes = {};          ///< when it began to fire or ended, within the window of flap
  bool flapping = false;
  bool last_held = false;  ///< the condition at last_look

  bool operator==(const AlertState&) const = default;
};

/// What happened to an alert.
enum class Transition : std::uint8_t {
  pending,  ///< the condition holds, `for` has not passed
  dropped,  ///< a pending alert whose condition is gone
  firing,
  resolved,
  unknown_begins,  ///< an active alert of which nothing is known any more
  unknown_ends,
  flapping_begins,
  flapping_ends,
};
std::string_view to_string(Transition transition);

struct AlertStep {
  AlertState state;
  std::vector<Transition> transitions = {};  ///< in their order
};

/// The next state of an alert. Pure. What it promises: an alert resolves only on a look that saw its
/// condition gone (or its series gone, when the policy says so); a look that saw nothing changes no phase and
/// advances no clock; a restart is no more than a gap between two looks.
AlertStep step(const AlertPolicy& policy, const AlertState& before, const Observation& seen, Timestamp now);

}  // namespace pgvigil::rules
