#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// How one receiver fares, since the start of the process.
struct ReceiverFigures {
  std::string receiver;
  std::string type;
  std::map<std::string, std::uint64_t> outcomes = {};  ///< attempts by verdict
  std::uint64_t given_up = 0;                          ///< alerts whose end came to nobody's ears
  bool open = false;                                   ///< the circuit breaker
  std::optional<Timestamp> oldest_due = {};            ///< of what waits to be delivered
  std::optional<Timestamp> last_look = {};             ///< when it was last looked what to tell it
  std::size_t waiting = 0;                             ///< groups of which it should have been told by now
  std::string last_error = {};                         ///< what it answered last when it took no message
  std::optional<Timestamp> last_error_at = {};
  std::optional<Timestamp> last_delivered = {};
  std::optional<Timestamp> down_since = {};    ///< no message was taken since then; nothing while they are
  std::optional<Timestamp> next_attempt = {};  ///< not before then
  std::string fallback = {};                   ///< who takes over; empty: nobody
};

/// How the notifier fares.
struct NotifierFigures {
  std::vector<ReceiverFigures> receivers = {};
  std::map<std::string, std::uint64_t> looks = {};  ///< for evidence, by what came of them
};

}  // namespace pgvigil::agent::notify
