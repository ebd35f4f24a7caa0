#pragma once

#include <csignal>
#include <optional>

namespace pgvigil::agent {

/// The signals that a supervisor lives by, blocked for as long as this exists and read from a descriptor
/// instead.
class SupervisorSignals {
 public:
  SupervisorSignals();
  ~SupervisorSignals();
  SupervisorSignals(const SupervisorSignals&) = delete;
  SupervisorSignals& operator=(const SupervisorSignals&) = delete;

  /// Readable when a signal is pending.
  int descriptor() const { return descriptor_; }
  /// The next pending one: SIGTERM, SIGINT, SIGHUP or SIGCHLD.
  std::optional<int> next() const;
  /// The mask that was in force before.
  const sigset_t& previous_mask() const { return previous_; }

 private:
  sigset_t previous_{};
  int descriptor_;
};

}  // namespace pgvigil::agent
