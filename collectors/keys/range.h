#pragma once

#include "collectors/keys/reading.h"

namespace pgvigil::collectors {

// For which servers, and in which generation of names, a part of a definition is.

/// `role`.
RoleFilter read_role(Section& section);

/// `versions`, `compatibility` and `role` of a [[query]].
void read_range(Section& section, Reading& reading, QueryDefinition& query);

/// `versions` and `compatibility` of a [[metric]].
void read_range(Section& section, Reading& reading, MetricDefinition& metric);

}  // namespace pgvigil::collectors
