#pragma once

#include "collectors/definition.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {

/// Reports what is wrong with the name and the help of a metric of `definition`. Of a pivot both may be
/// patterns: "pg_settings_{name}" names the column "name". Names that begin with "pgvigil_" keep the rules of
/// Prometheus, "Metric and label naming": counters, and only they, end in "_total"; the unit is a word of the
/// name.
void check_metric_text(Section& section, const Definition& definition, const MetricDefinition& metric);

}  // namespace pgvigil::collectors
