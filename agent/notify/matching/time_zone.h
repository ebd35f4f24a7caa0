#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// What the clocks of a zone of the IANA database show at `time`; nothing when the zone is not known here.
/// libstdc++ 12 has no time zones: the one door to Howard Hinnant's date library, which reads the system's
/// tzdata. UTC needs none.
std::optional<std::chrono::local_time<std::chrono::seconds>> local_time_in(const std::string& zone,
                                                                           Timestamp time);

}  // namespace pgvigil::agent::notify
