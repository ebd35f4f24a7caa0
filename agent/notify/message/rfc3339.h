#pragma once

#include <optional>
#include <string_view>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// "2026-08-06T12:01:30.25Z", "2026-08-06T14:01:30+02:00" (RFC 3339); digits beyond milliseconds are dropped.
/// Nothing when it is anything else. rfc3339() in text.h writes it.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace pgvigil::agent::notify
