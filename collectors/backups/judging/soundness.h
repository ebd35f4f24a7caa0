#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collectors/backups/model/backup.h"

namespace pgvigil::backups {

/// Whether one backup of a repository can be restored.
struct Soundness {
  std::optional<Trouble> trouble;  ///< it cannot, or nobody can tell
  std::optional<WalRun> wal;       ///< from its first segment on, where WAL is listed
};

/// Looks at its state, at all that it builds upon, and at the WAL that it needs to be consistent.
Soundness soundness_of(const Backup& backup, const Repository& repository);

/// Its own trouble and that of all that it builds upon, WAL left aside.
std::optional<Trouble> trouble_of_backup(const Backup& backup, const Repository& repository);

/// Whether the trouble means that nobody can tell, rather than that it cannot be restored.
bool leaves_open(Reason reason);

}  // namespace pgvigil::backups
