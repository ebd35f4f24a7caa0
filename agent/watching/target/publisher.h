#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "agent/config/config.h"
#include "agent/elapsed.h"
#include "agent/watching/exposition/snapshot.h"
#include "agent/watching/status.h"
#include "collectors/model/error.h"
#include "collectors/model/table.h"

namespace pgvigil::agent {

/// One run of a collector.
struct Ran {
  std::chrono::steady_clock::time_point start;
  double database_seconds = 0;             ///< that it kept the server busy
  std::optional<Timestamp> taken_at = {};  ///< of its values; else its end
};

/// Tells what came of the runs of the collectors of one server, or of the host: to the snapshot, the status
/// and the log. Any thread may use it.
class Publisher {
 public:
  /// All three must outlive it.
  Publisher(const Config& config, Snapshot& snapshot, StatusBoard& board)
      : config_(config), snapshot_(snapshot), board_(board) {}

  /// A good run. Nothing to publish is one, too: the collector samples more often than it publishes. It runs
  /// `slowdown` times less often than its definition says.
  void publish(const collectors::Definition& definition,
               std::optional<Table> table,
               const Ran& ran,
               double slowdown = 1);
  /// Shows a table that was changed between two runs.
  void republish(const collectors::Definition& definition,
                 Table table,
                 Deadline expires,
                 double database_seconds);
  void note_failure(const collectors::Definition& definition, const Error& error, const Ran& ran);

 private:
  const Config& config_;
  Snapshot& snapshot_;
  StatusBoard& board_;
};

}  // namespace pgvigil::agent
