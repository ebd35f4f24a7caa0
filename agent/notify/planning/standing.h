#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/notify/planning/plan.h"

namespace pgvigil::agent::notify {

/// One alert of a group, and what its receiver knows of it.
struct AlertStanding {
  promql::LabelsPtr labels;
  std::string summary;
  Timestamp fired_at = {};
  std::optional<Timestamp> resolved_at = {};
  bool told = false;       ///< the receiver knows that it fires
  std::string quiet = {};  ///< why nobody is told that it fires; empty: nothing keeps it quiet
};

/// A group at one receiver: what is done about it now, and why.
struct GroupStanding {
  std::string receiver;  ///< empty: no route leads to anybody
  std::string group;     ///< its key
  std::string outcome;   ///< "due", "waiting", "quiet" or "unrouted"
  std::string reason;
  std::optional<Timestamp> until = {};      ///< when the clock alone makes it another
  std::optional<Timestamp> last_sent = {};  ///< when the receiver was last told of it
  std::string note = {};                    ///< on whose behalf it is told
  std::vector<AlertStanding> alerts = {};   ///< the worst first
};

/// How every alert stands with every receiver at `now`: what is due first, then what no route takes, what
/// waits, what is quiet, and what was told; each with the worst severity first. Pure.
std::vector<GroupStanding> standings(const Policy& policy, const World& world, Timestamp now);

}  // namespace pgvigil::agent::notify
