#pragma once

#include <cstdint>

#include "rules/evaluation.h"

namespace pgvigil::agent {

/// Another number when something of the alerts has changed that a restart must not lose. Values and texts are
/// not in it: those may be a little old afterwards.
std::uint64_t alert_digest(const rules::Alerts& alerts);

}  // namespace pgvigil::agent
