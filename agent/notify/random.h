#pragma once

#include <string>

namespace pgvigil::agent::notify {

/// From 0 to 1: the jitter of waits.
double random_share();

/// A UUID of version 4 (RFC 9562).
std::string new_id();

}  // namespace pgvigil::agent::notify
