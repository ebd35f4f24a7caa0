#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/notify/planning/outlook.h"
#include "agent/runtime/collected_evidence.h"
#include "agent/watching/watch.h"
#include "collectors/evidence/evidence.h"
#include "rules/rule.h"

namespace pgvigil::agent {

/// Looks for evidence about what is watched: in the series that were collected, or on a Postgres server, with
/// one session of its own, which ends with the look, or in the one that the collectors hold when the server
/// is full. A server that gives no answer is not asked. Any thread may call it.
class Investigator {
 public:
  /// Runs a function over the series of what one watch collects, as of the moment that it is given.
  using ReadSeries = std::function<void(
      const Watch& of, const std::function<void(const promql::Queryable& series, Timestamp now)>&)>;

  explicit Investigator(ReadSeries read);
  void configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches);

  /// What the evidence that these rules name reads of the past.
  rules::HistoryNeeds needs_of(const std::vector<rules::Rule>& rules) const;
  /// What a piece of evidence is of.
  ServerKind kind_of(const std::string& evidence) const;

  /// See notify::Outlook::look.
  std::vector<evidence::Look> look(const std::string& name,
                                   const std::vector<notify::Question>& questions,
                                   const std::stop_token& stop);

 private:
  /// Until when one look at something may take, and what ends it before.
  struct Bounds {
    Deadline end;
    std::stop_token stop;
  };
  using Asking = std::function<evidence::Look(const evidence::Definition&, const std::string& database)>;

  std::shared_ptr<Watch> watch_of(const std::string& name, ServerKind kind) const;
  const evidence::Definition* definition_of(const std::string& evidence) const;
  evidence::Look look_once(const std::string& name,
                           const notify::Question& question,
                           const Asking& ask,
                           const Bounds& bounds) const;
  evidence::Look look_at_series(const Watch& watch, const evidence::Definition& definition) const;

  const ReadSeries read_;
  const std::vector<evidence::Definition> definitions_ = evidence::builtin();
  std::map<std::string, CollectedEvidence> collected_;  // by name; never changed
  std::mutex one_at_a_time_;                            // never two sessions
  mutable std::mutex mutex_;                            // guards what follows
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const WatchList> watches_;
};

}  // namespace pgvigil::agent
