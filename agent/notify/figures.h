#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

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
};

}  // namespace pgvigil::agent::notify
