#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/notify/outlook.h"
#include "agent/runtime/watch.h"
#include "collectors/evidence/evidence.h"

namespace pgvigil::agent {

/// Looks for evidence on the servers under watch: with one session of its own, which ends with the look, or in the one that
/// the collectors hold when the server is full. A server that gives no answer is not asked. Any thread may call it.
class Investigator {
 public:
  void configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches);

  /// See notify::Outlook::look.
  std::vector<evidence::Look> look(const std::string& server,
                                   const std::vector<notify::Question>& questions,
                                   const std::stop_token& stop);

 private:
  std::shared_ptr<Watch> watch_of(const std::string& server) const;
  const evidence::Definition* definition_of(const notify::Question& question) const;

  const std::vector<evidence::Definition> definitions_ = evidence::builtin();
  std::mutex one_at_a_time_;  // never two sessions
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const WatchList> watches_;
};

}  // namespace pgvigil::agent
