#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "agent/notify/planning/decision_log.h"
#include "agent/notify/planning/figures.h"
#include "agent/notify/planning/plan.h"

namespace pgvigil::agent::notify {

/// What the stages of the notifier share. All of it is guarded by `mutex`, which is never held while the
/// store or a receiver is waited for.
struct Shared {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::uint64_t news = 0;  ///< counts what a sleeper wakes for

  Policy policy{{}};
  std::string external_url;
  World world;
  DecisionLog decisions;
  std::map<std::string, ReceiverFigures> figures;
  std::map<std::string, std::uint64_t> looks;  ///< for evidence, by what came of them

  /// Wakes whoever waits. With the mutex held.
  void tell_news() {
    ++news;
    wake.notify_all();
  }
};

}  // namespace pgvigil::agent::notify
