#pragma once

#include <chrono>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// The time as it is stored: in whole milliseconds.
inline Timestamp whole(Timestamp time) {
  return std::chrono::floor<std::chrono::milliseconds>(time);
}

inline Timestamp now_ms() {
  return whole(std::chrono::system_clock::now());
}

}  // namespace pgvigil::agent::notify
