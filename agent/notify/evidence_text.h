#pragma once

#include <string>

#include "collectors/evidence/evidence.h"

namespace pgvigil::agent {

/// What was seen, as a table for people: durations and sizes with their units, "-" for what is not there, and a last
/// line for what was left out.
std::string evidence_text(const evidence::Evidence& seen);

/// The same as JSON: {"name", "title", "taken_at" (Unix seconds), "columns": [{name, kind}], "rows": [[…]], "left_out"}.
/// Counts, seconds and bytes are numbers, absent values null.
std::string evidence_json(const evidence::Evidence& seen);

}  // namespace pgvigil::agent
