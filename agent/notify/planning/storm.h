#pragma once

#include <cstddef>
#include <string_view>

#include "agent/notify/message/notification.h"
#include "agent/notify/planning/draft.h"

/// A storm: so many groups have something new to tell at once that one message about all of it says more.
namespace pgvigil::agent::notify {

/// The key of the group that takes a storm in.
inline constexpr std::string_view k_storm = "storm";

/// Where more than `most` groups that are not open wait to be told, their alerts become one group, in which
/// they stay until their end is told. Pure.
void gather_storm(Drafts& drafts, const GroupStates& states, std::size_t most);

/// What is told of a storm: instead of its alerts one for each rule and severity, with the number of those
/// that fire as its value, the most of the worst first. Its labels, and with them its fingerprint, stay the
/// same while the storm lasts.
Notification folded(const Notification& storm);

}  // namespace pgvigil::agent::notify
