#pragma once

#include "agent/commands/command.h"

namespace pgvigil::agent {

/// `pgvigil rules explain NAME --test N [FILE...]`: why the rule fires at the end of one of its tests, or
/// does not. Returns the exit status.
int explain_rule_command(Arguments arguments);

}  // namespace pgvigil::agent
