#pragma once

#include <chrono>
#include <string_view>

#include "collectors/model/units.h"

namespace pgvigil::agent {

/// The first moment after `now` at which what is called `key` is due every `interval`. The moments lie on a
/// raster that is the same after a restart, and are spread over the interval by the key.
Timestamp next_tick(std::string_view key, std::chrono::milliseconds interval, Timestamp now);

}  // namespace pgvigil::agent
