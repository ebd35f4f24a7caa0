#pragma once

#include "collectors/definition.h"
#include "collectors/toml/document.h"

namespace pgvigil::collectors {

/// The collector's own keys: all that stand above its first [[query]] and are not about stages.
void read_collector_keys(Section& root, Definition& definition);

/// Reports `statement_labels` that no metric has, once the metrics were read.
void check_statement_labels(Section& root, const Definition& definition);

}  // namespace pgvigil::collectors
