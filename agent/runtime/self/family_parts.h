#pragma once

#include <prometheus/metric_family.h>

#include <string_view>
#include <vector>

#include "agent/config/own_labels.h"
#include "collectors/model/table.h"

namespace pgvigil::agent {

// What the files self_families_*.cpp make their families of.

prometheus::MetricFamily family(prometheus::MetricType type, const char* name, const char* help);
prometheus::MetricFamily gauge(const char* name, const char* help);
prometheus::MetricFamily counter(const char* name, const char* help);
prometheus::ClientMetric::Label label(OwnLabel name, std::string_view value);
/// Adds one series to the family.
void add(prometheus::MetricFamily& family, std::vector<prometheus::ClientMetric::Label> labels, double value);
/// The family with one series, which has no labels.
prometheus::MetricFamily single(prometheus::MetricFamily family, double value);
double unix_seconds(Timestamp at);

}  // namespace pgvigil::agent
