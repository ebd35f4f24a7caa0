#pragma once

#include "collectors/keys/reading.h"

namespace pgvigil::collectors {

/// The keys of a [[metric]]; those of the collector were read.
MetricDefinition read_metric(Section& section, Reading& reading);

}  // namespace pgvigil::collectors
