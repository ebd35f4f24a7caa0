#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "collectors/model/table.h"

namespace pgvigil::agent {

/// What prometheus-cpp collected, as tables: one for each set of label names, so that no table is full of
/// holes.
std::vector<Table> tables_of(const std::vector<prometheus::MetricFamily>& families, Timestamp taken_at);

}  // namespace pgvigil::agent
