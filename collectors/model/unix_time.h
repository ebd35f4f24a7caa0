#pragma once

#include <chrono>
#include <cstdint>

#include "collectors/model/units.h"

namespace pgvigil {

/// Milliseconds since 1970, rounded down: how samples, the store and the API tell a time.
inline std::int64_t unix_milliseconds(Timestamp time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace pgvigil
