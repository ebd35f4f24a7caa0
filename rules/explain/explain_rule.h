#pragma once

#include "rules/evaluation.h"
#include "rules/explain/explain.h"

namespace pgvigil::rules {

/// Why `rule` fires, or does not: its expression part by part, and in the verdict what that means for its
/// `alerts`, as they were after the last evaluation.
Explanation explain_rule(const Rule& rule,
                         const AlertPolicy& policy,
                         const Alerts& alerts,
                         const ExplainContext& context,
                         Timestamp now);

}  // namespace pgvigil::rules
