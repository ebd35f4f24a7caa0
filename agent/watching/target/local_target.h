#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "agent/config/config.h"
#include "agent/watching/exposition/snapshot.h"
#include "agent/watching/status.h"
#include "agent/watching/target/publisher.h"
#include "agent/watching/target/schedule.h"
#include "agent/watching/target/watcher.h"
#include "collectors/local_collector.h"
#include "collectors/stages/stages.h"

namespace pgvigil::agent {

/// What is watched without a session, the host or its backups: runs their collectors, one after the other, on
/// a thread of its own. What hangs (a dead network volume) costs no more than a run's timeout.
class LocalTarget final : public Watcher {
 public:
  /// As Target's.
  LocalTarget(std::shared_ptr<const Config> config,
              const ServerConfig& server,
              Snapshot& snapshot,
              StatusBoard& board);
  ~LocalTarget() override;
  void start() override;
  void stop() override;
  bool alive() const override;

 private:
  using Clock = std::chrono::steady_clock;

  void work(const std::stop_token& stop);
  void run(std::size_t job, const std::stop_token& stop);
  void note_unsupported(const collectors::Definition& definition, const Unsupported& unsupported);

  std::shared_ptr<const Config> config_;
  Snapshot& snapshot_;
  StatusBoard& board_;
  Publisher publisher_;
  const std::unique_ptr<collectors::LocalCollector> collector_;
  std::vector<collectors::Plan> plans_;            // a job's number is its place here
  std::vector<collectors::CollectLimits> limits_;  // by job
  std::vector<collectors::Stages> stages_;         // by job
  Schedule schedule_;
  std::atomic<Clock::time_point> back_by_{Clock::time_point::max()};
  std::mutex mutex_;  // for waiting only: the thread shares nothing
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace pgvigil::agent
