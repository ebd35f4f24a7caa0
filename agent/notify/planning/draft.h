#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/notify/matching/route.h"
#include "agent/notify/planning/group.h"

namespace pgvigil::agent::notify {

/// A group of one receiver as it should be, before it is compared with what was told.
struct Draft {
  promql::LabelsPtr labels = promql::Labels::none();
  Grouping grouping = {};
  std::vector<Desired> desired = {};
  std::string note = {};
};
using Drafts = std::map<std::string, Draft>;            ///< by the key of the group
using GroupStates = std::map<std::string, GroupState>;  ///< the same

}  // namespace pgvigil::agent::notify
