#pragma once

#include <optional>
#include <string>

#include "agent/commands/command.h"

namespace pgvigil::agent {

/// `pgvigil advise dismiss ID --reason TEXT [--until WHEN] [--url URL]`: a running agent tells of it no more,
/// of that server or of all. Returns the exit status.
int dismiss_advice_command(Arguments arguments, const std::optional<std::string>& server);

}  // namespace pgvigil::agent
