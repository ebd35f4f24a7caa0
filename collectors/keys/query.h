#pragma once

#include "collectors/keys/reading.h"

namespace pgvigil::collectors {

/// The keys of a [[query]]; those of the collector were read.
QueryDefinition read_query(Section& section, Reading& reading);

}  // namespace pgvigil::collectors
