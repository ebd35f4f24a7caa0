#include "agent/runtime/self/family_parts.h"

#include <chrono>
#include <string>
#include <utility>

namespace pgvigil::agent {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

}  // namespace

MetricFamily family(MetricType type, const char* name, const char* help) {
  return {name, help, type, {}};
}

MetricFamily gauge(const char* name, const char* help) {
  return family(MetricType::Gauge, name, help);
}

MetricFamily counter(const char* name, const char* help) {
  return family(MetricType::Counter, name, help);
}

void add(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  metric.counter.value = value;
  family.metric.push_back(std::move(metric));
}

ClientMetric::Label label(OwnLabel name, std::string_view value) {
  return {name_of(name), std::string(value)};
}

MetricFamily single(MetricFamily family, double value) {
  add(family, {}, value);
  return family;
}

double unix_seconds(Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace pgvigil::agent
