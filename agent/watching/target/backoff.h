#pragma once

#include <chrono>

namespace pgvigil::agent {

/// How long to wait before the next attempt: 250 ms after the first failure, then twice as long each time up
/// to `limit`, less a random part of up to a half, so that many agents do not come back in step.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds limit) : limit_(limit) {}
  /// Counts a failure and returns the pause; `random` is in [0, 1).
  std::chrono::milliseconds failed(double random);
  void succeeded() { failures_ = 0; }

 private:
  std::chrono::milliseconds limit_;
  int failures_ = 0;
};

}  // namespace pgvigil::agent
