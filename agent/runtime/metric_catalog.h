#pragma once

#include <vector>

#include "collectors/definition.h"
#include "rules/metric_catalog.h"

namespace pgvigil::agent {

/// All metrics that these collectors and the agent itself can give.
rules::MetricCatalog metric_catalog(const std::vector<collectors::Definition>& definitions);

}  // namespace pgvigil::agent
