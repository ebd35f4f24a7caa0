#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "collectors/backups/judging/verdict.h"
#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"
#include "collectors/backups/surroundings/drills.h"
#include "collectors/backups/surroundings/live_server.h"
#include "collectors/backups/tools/fetch.h"
#include "collectors/errand.h"

namespace pgvigil::backups {

class ProofCache;

/// What is known of one source, and when it is to be looked at again. What hangs is left to itself, and told.
/// Not thread-safe.
class SourceWatch {
 public:
  /// `server` is how the server is reached that the backups are of, if one is known.
  SourceWatch(Source source, std::optional<postgres::ConnectionSettings> server, Fetch fetch = {});
  ~SourceWatch();

  /// Looks when it is time to; waits until the deadline at the most.
  void look(Timestamp now, Deadline deadline, const std::stop_token& stop);
  std::vector<Verdict> verdicts(Timestamp now) const;

  const Source& source() const { return source_; }
  const Reading& reading() const { return reading_; }
  std::optional<Timestamp> looked_at() const { return looked_at_; }
  double look_seconds() const { return look_seconds_; }

 private:
  struct Found {
    Reading reading;
    std::vector<Drill> drills;
    std::optional<LiveServer> server;
  };
  static Found find_out(const Source& source,
                        const std::optional<postgres::ConnectionSettings>& server,
                        const std::shared_ptr<ProofCache>& proofs,
                        const Fetch& fetch,
                        Ask ask,
                        Deadline deadline,
                        const std::stop_token& stop);
  void take(std::optional<Found> found, Timestamp now);
  void take_server(std::optional<LiveServer> server);
  void take_run(Timestamp now);

  const Source source_;
  const std::optional<postgres::ConnectionSettings> server_settings_;
  const std::shared_ptr<ProofCache> proofs_;
  const Fetch fetch_;
  std::stop_source leaving_;
  std::unique_ptr<collectors::Errand> errand_;
  Reading reading_;
  std::vector<Drill> drills_;
  std::optional<LiveServer> server_;
  std::optional<Timestamp> looked_at_;
  std::optional<Deadline> next_look_;
  std::optional<Deadline> next_sizes_;  ///< when the databases are to be measured again
  std::optional<Timestamp> running_since_;
  std::optional<Timestamp> attempt_seen_;  ///< when the last run began that was seen
  std::vector<Progress> progress_;         ///< of the run that is under way
  double look_seconds_ = 0;
};

}  // namespace pgvigil::backups
