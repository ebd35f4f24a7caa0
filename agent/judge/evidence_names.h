#pragma once

#include <vector>

#include "collectors/model/diagnostic.h"
#include "rules/rule.h"

namespace pgvigil::agent {

/// A warning for each piece of evidence that a rule names and that there is not.
Diagnostics unknown_evidence(const std::vector<rules::Rule>& rules);

}  // namespace pgvigil::agent
