#include "rules/metric_catalog.h"

#include <algorithm>

#include "collectors/model/diagnostic.h"

namespace pgvigil::rules {

void MetricCatalog::add(const std::string& name, MetricFacts facts) {
  const auto [place, is_new] = metrics_.try_emplace(name, facts);
  if (is_new) return;
  MetricFacts& known = place->second;
  for (const std::string& label : known.labels)
    if (std::ranges::find(facts.labels, label) == facts.labels.end()) facts.labels.push_back(label);
  if (facts.enabled && !known.enabled)
    known = std::move(facts);
  else
    known.labels = std::move(facts.labels);
}

void MetricCatalog::add_pattern(std::string_view pattern, MetricFacts facts) {
  const std::size_t open = pattern.find('{');
  const std::size_t close = pattern.rfind('}');
  if (open == pattern.npos || close == pattern.npos || close < open)
    return add(std::string(pattern), std::move(facts));
  patterns_.push_back(
      {std::string(pattern.substr(0, open)), std::string(pattern.substr(close + 1)), std::move(facts)});
}

const MetricFacts* MetricCatalog::find(std::string_view name) const {
  if (const auto found = metrics_.find(name); found != metrics_.end()) return &found->second;
  for (const Pattern& pattern : patterns_) {
    const bool fits = name.size() > pattern.prefix.size() + pattern.suffix.size() &&
                      name.starts_with(pattern.prefix) && name.ends_with(pattern.suffix);
    if (fits) return &pattern.facts;
  }
  return nullptr;
}

std::string_view MetricCatalog::nearest_name(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& [known, facts] : metrics_)
    names.push_back(known);
  return nearest(name, names);
}

}  // namespace pgvigil::rules
