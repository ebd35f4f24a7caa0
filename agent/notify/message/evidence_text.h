#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/evidence/evidence.h"

namespace pgvigil::agent {

/// What was seen, as a table for people: durations and sizes with their units, "-" for what is not there, a
/// line for what was left out, and the remark.
std::string evidence_text(const evidence::Evidence& seen);

/// The cells as evidence_text() shows them; the first row is the heading.
std::vector<std::vector<std::string>> evidence_cells(const evidence::Evidence& seen);

/// The same as JSON: {"name", "title", "taken_at" (Unix seconds), "columns": [{name, kind}], "rows": [[…]],
/// "left_out", "remark"}. Counts, seconds, bytes, ratios and times are numbers, absent values null.
std::string evidence_json(const evidence::Evidence& seen);
/// What evidence_json() wrote; nothing when it is not that.
std::optional<evidence::Evidence> evidence_from_json(std::string_view text);

}  // namespace pgvigil::agent
