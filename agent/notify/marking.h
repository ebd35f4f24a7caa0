#pragma once

#include <string>
#include <vector>

#include "agent/notify/shared.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// Stores what changed of a receiver's groups, and makes it what planning sees. False when the store fails.
bool save_groups(Store& store,
                 Shared& shared,
                 const std::string& receiver,
                 const std::vector<PlannedGroup>& groups);

/// Alerts that nobody has to hear of any more leave the outbox; what was given up is counted and logged.
void forget_done(Store& store, Shared& shared, Timestamp now);

}  // namespace pgvigil::agent::notify
