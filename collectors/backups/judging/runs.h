#pragma once

#include <optional>
#include <span>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"
#include "collectors/backups/surroundings/live_server.h"

namespace pgvigil::backups {

/// The backups that are under way, as the tool's lock and the sessions of the server tell; of several the
/// first to begin.
struct Run {
  std::size_t count = 0;
  std::optional<Timestamp> since;
  std::optional<std::uint64_t> size;  ///< bytes
  std::optional<std::uint64_t> done;
};

/// The tool's lock is seen only on the host where the tool runs; its session, wherever it runs.
Run run_of(Tool tool, const Activity& activity, const LiveServer* server);

/// When all will have been copied, at the mean speed since `seen` began; since the run did, when it was seen
/// less than three times. Nothing while nothing was copied.
std::optional<Timestamp> expected_end(std::span<const Progress> seen, std::optional<Timestamp> since);

/// Since when nothing more has been copied; nothing when the last look has seen more than the one before.
std::optional<Timestamp> stalled_since(std::span<const Progress> seen);

/// Seconds beyond which a run takes longer than by chance: median and four deviations (MAD) of its kind, and
/// at least half as much again and ten minutes more. Of an unknown kind the longest of these. Nothing with
/// fewer than five runs.
std::optional<double> longest_usual(const std::vector<Backup>& backups, std::optional<Kind> kind);

}  // namespace pgvigil::backups
