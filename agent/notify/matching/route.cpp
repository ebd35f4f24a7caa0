#include "agent/notify/matching/route.h"

namespace pgvigil::agent::notify {

using promql::Labels;
using promql::LabelsPtr;

std::vector<std::size_t> routes_of(std::span<const Route> routes, const Labels& labels) {
  std::vector<std::size_t> taken;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!promql::matches_all(routes[i].matchers, labels)) continue;
    taken.push_back(i);
    if (!routes[i].goes_on) break;
  }
  return taken;
}

LabelsPtr group_labels(const Grouping& grouping, const LabelsPtr& labels) {
  if (grouping.by == std::vector<std::string>{"..."}) return labels;
  std::vector<std::pair<std::string, std::string>> kept;
  for (const std::string& name : grouping.by)
    if (const auto value = labels->get(name); !value.empty()) kept.emplace_back(name, value);
  return Labels::make(std::move(kept));
}

}  // namespace pgvigil::agent::notify
