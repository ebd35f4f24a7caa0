#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "collectors/model/units.h"

namespace pgvigil::agent {

/// When a worker that ended is started again: after `first`, then twice as long each time up to `limit`. One
/// that lived for `settled` is forgiven what came before.
struct RestartPolicy {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds limit{30'000};
  std::chrono::milliseconds settled{60'000};
};

/// How a process ended: its exit status, or the signal that killed it.
struct ProcessEnd {
  bool signalled = false;
  int code = 0;  ///< exit status or signal number
};

/// "exit" or "signal", and "1" or "SIGSEGV": the labels of pgvigil_worker_last_exit_info.
struct ExitLabels {
  std::string kind;
  std::string code;
};
ExitLabels exit_labels(ProcessEnd end);

/// The lives and ends of the workers, and when the next begins. Pure: the clock is an argument.
class WorkerHistory {
 public:
  explicit WorkerHistory(RestartPolicy policy) : policy_(policy) {}

  void started(Deadline now);
  /// The worker ended; returns when to start the next.
  Deadline ended(ProcessEnd end, Deadline now);
  /// The system could not make a process; returns when to try again.
  Deadline not_started(Deadline now);
  /// Starts the waiting worker at once and forgives: the operator has changed something.
  void forgive(Deadline now);

  bool running() const { return running_; }
  Deadline next_start() const { return next_start_; }
  std::uint64_t restarts() const { return restarts_; }  ///< workers that ended
  std::optional<ProcessEnd> last_end() const { return last_end_; }

 private:
  Deadline pause(Deadline now);

  RestartPolicy policy_;
  bool running_ = false;
  Deadline started_at_{};
  Deadline next_start_{};
  int failures_ = 0;  ///< in a row
  std::uint64_t restarts_ = 0;
  std::optional<ProcessEnd> last_end_;
};

}  // namespace pgvigil::agent
