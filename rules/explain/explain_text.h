#pragma once

#include <cstdint>
#include <string>

#include "rules/explain/explain.h"

namespace pgvigil::rules {

/// The explanation as people read it: an indented tree with what each part gives below it, and the verdict.
std::string to_text(const Explanation& explanation);

/// "2026-11-27T13:45:00Z", from Unix milliseconds.
std::string utc_text(std::int64_t t_ms);

}  // namespace pgvigil::rules
