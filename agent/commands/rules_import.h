#pragma once

#include "agent/commands/command.h"

namespace pgvigil::agent {

/// `pgvigil rules import FILE.yml... [--output FILE]`: Prometheus's rules as TOML. Returns the exit status: 0
/// when all was carried over and nothing is likely to be wrong, 1 otherwise, 2 when there is nothing to
/// import.
int import_rules_command(Arguments arguments);

}  // namespace pgvigil::agent
