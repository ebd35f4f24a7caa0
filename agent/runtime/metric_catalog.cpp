#include "agent/runtime/metric_catalog.h"

#include <algorithm>
#include <map>
#include <string>

#include "agent/runtime/self/self_specimen.h"

namespace pgvigil::agent {
namespace {

/// The names of the labels in `pgvigil_up{a="b",c="d"} 1`.
std::vector<std::string> labels_of(std::string_view sample) {
  std::vector<std::string> labels;
  const std::size_t open = sample.find('{');
  if (open == sample.npos) return labels;
  std::string name;
  bool in_value = false;
  for (std::size_t i = open + 1; i < sample.size() && (in_value || sample[i] != '}'); ++i) {
    const char c = sample[i];
    if (in_value) {
      if (c == '\\') ++i;
      if (c == '"') in_value = false;
    } else if (c == '=') {
      labels.push_back(std::move(name));
      name.clear();
    } else if (c == '"') {
      in_value = true;
    } else if (c != ',') {
      name += c;
    }
  }
  return labels;
}

/// Adds the agent's own metrics, read off their exposition.
void add_own_metrics(rules::MetricCatalog& catalog) {
  const std::string text = render_own_metrics();
  std::map<std::string, MetricType, std::less<>> types;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.rfind(' ');
      const std::string_view word = line.substr(space + 1);
      types[std::string(line.substr(7, space - 7))] =
          word == "counter" ? MetricType::counter
                            : (word == "gauge" ? MetricType::gauge : MetricType::untyped);
    }
    if (line.empty() || line.starts_with('#')) continue;
    const std::string name(line.substr(0, line.find_first_of("{ ")));
    const auto type = types.find(name);
    catalog.add(name, {type == types.end() ? MetricType::untyped : type->second, labels_of(line), "", true});
  }
}

}  // namespace

rules::MetricCatalog metric_catalog(const std::vector<collectors::Definition>& definitions) {
  // target is the name of a server, where it has one.
  rules::MetricCatalog catalog({"instance", "job"}, {"target"});
  for (const collectors::Definition& definition : definitions)
    for (const collectors::MetricDefinition& metric : definition.metrics)
      catalog.add_pattern(
          metric.name, {metric.type, metric.labels, definition.name, definition.enabled, definition.every});
  add_own_metrics(catalog);
  return catalog;
}

}  // namespace pgvigil::agent
