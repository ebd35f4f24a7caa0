#pragma once

#include <span>

#include "collectors/model/table.h"
#include "rules/advice/advice.h"

namespace pgvigil::agent {

/// The series of what is advised for one server: pgvigil_advice, which is 1, and its impact in bytes, in
/// seconds or in whatever else its kind counts. The first `most` of the list are there.
Table advice_table(std::span<const rules::advice::Advice> advice, std::size_t most, Timestamp taken_at);

}  // namespace pgvigil::agent
