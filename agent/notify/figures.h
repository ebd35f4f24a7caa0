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
  std::uint64_t given_up = 0;                     ///< alerts whose end came to nobody's ears
  bool open = false;                              ///< the circuit breaker
  std::optional<Timestamp> oldest_due = {};       ///< of what waits to be delivered
  std::optional<Timestamp> last_look = {};        ///< when it was last looked what to tell it
};

/// How the notifier fares.
struct NotifierFigures {
  std::vector<ReceiverFigures> receivers = {};
  std::map<std::string, std::uint64_t> looks = {};  ///< for evidence, by what came of them
};

}  // namespace pgvigil::agent::notify
