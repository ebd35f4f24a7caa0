#include "agent/runtime/supervisor/supervisor_history.h"

#include <algorithm>
#include <cstring>

namespace pgvigil::agent {

ExitLabels exit_labels(ProcessEnd end) {
  if (!end.signalled) return {"exit", std::to_string(end.code)};
  const char* name = sigabbrev_np(end.code);
  return {"signal", name != nullptr ? std::string("SIG") + name : std::to_string(end.code)};
}

void WorkerHistory::started(Deadline now) {
  running_ = true;
  started_at_ = now;
}

Deadline WorkerHistory::ended(ProcessEnd end, Deadline now) {
  last_end_ = end;
  ++restarts_;
  if (now - started_at_ >= policy_.settled) failures_ = 0;
  return pause(now);
}

Deadline WorkerHistory::not_started(Deadline now) {
  return pause(now);
}

Deadline WorkerHistory::pause(Deadline now) {
  running_ = false;
  // Doubling stops well before it could overflow; 2^20 times any pause is beyond every limit.
  next_start_ = now + std::min(policy_.limit, policy_.first * (1 << std::min(failures_, 20)));
  ++failures_;
  return next_start_;
}

void WorkerHistory::forgive(Deadline now) {
  failures_ = 0;
  next_start_ = std::min(next_start_, now);
}

}  // namespace pgvigil::agent
