#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <vector>

#include "agent/advice/consult.h"
#include "agent/watching/status.h"

namespace pgvigil::agent {

// How a server's looks for advice fare, for metrics and the status page.

/// A look that began at `start` is over.
void note_run(StatusBoard& board,
              std::chrono::steady_clock::time_point start,
              const std::expected<Consultation, Error>& consultation);

/// What stands of each kind, and `is_told`: of a kind that looks and finds nothing, 0.
void note_findings(StatusBoard& board,
                   const std::vector<rules::advice::Opinion>& opinions,
                   const std::function<bool(const rules::advice::Advice&)>& is_told);

}  // namespace pgvigil::agent
