#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rules/advice/advice.h"

namespace pgvigil::agent {

/// {"id", "kind", "object": {…}, "why", "impact": {"value", "unit", "words"}, "confidence", "doubts", "fix":
/// {"sql", "needs_thought"}, "undo", "evidence": [{label: text, metric: number}], "unproven_for_seconds",
/// "first_seen"}. Absent values of the evidence are left out; times are seconds since the epoch.
nlohmann::json as_json(const rules::advice::Advice& advice);

/// {"kind", "advice": […], "blind": text or null, "unseen_databases", "unsure"}
nlohmann::json as_json(const rules::advice::Opinion& opinion);

}  // namespace pgvigil::agent
