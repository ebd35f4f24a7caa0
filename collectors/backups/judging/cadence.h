#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::backups {

/// When the next backup is expected, and until when it must have been finished.
struct Cadence {
  Timestamp expected{};
  Timestamp deadline{};
  std::optional<double> seconds;  ///< between two backups, as they have been taken
  bool scheduled = false;         ///< the policy says it; else it is learned
  std::string proposal;           ///< of a learned one: the schedule that it looks like; empty: none
};

/// By the schedule of the policy and its grace: a backup counts for a time of the schedule when it ended
/// after it. Without one, by the timetables of those who take them: the first time for which no backup stands
/// that ended after it; late after the grace and the longest of the last ten durations, and not while one is
/// under way that began since. Without these, by the last ten pauses between backups that were finished:
/// expected after their median, late after half as much again as the longest (at least an hour). Nothing with
/// fewer than five pauses.
std::optional<Cadence> cadence_of(const Repository& repository, const Policy& policy, Timestamp now);

}  // namespace pgvigil::backups
