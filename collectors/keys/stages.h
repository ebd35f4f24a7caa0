#pragma once

#include "collectors/definition.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {

// The keys of a definition file that are about stages. Mistakes go to the sections' diagnostics.

/// `value`, `accumulate`, `rate`, `time_left`, `lag` and `other` of a [[metric]].
void read_value_keys(Section& section, MetricDefinition& metric);

/// [top] and `publish_every`, once everything else was read.
void read_stage_keys(Section& root, Definition& definition);

/// What is wrong with ranking the rows of `definition` by the column `by`: empty when nothing is. The hint
/// goes to `hint`.
std::string mistake_in_ranking(const Definition& definition, const std::string& by, std::string& hint);

}  // namespace pgvigil::collectors
