#pragma once

#include <chrono>

namespace pgvigil::agent {

/// A server is up when it answered within this time: the interval of the collectors that are not slow.
inline constexpr std::chrono::milliseconds k_up_interval{15'000};

}  // namespace pgvigil::agent
