#include "agent/notify/matching/inhibition.h"

#include <algorithm>

namespace pgvigil::agent::notify {

using promql::Labels;
using promql::LabelsPtr;
using promql::matches_all;

Inhibitor::Inhibitor(std::span<const Inhibition> rules, std::span<const LabelsPtr> firing) {
  for (const Inhibition& rule : rules) {
    Prepared prepared{&rule, {}};
    for (const LabelsPtr& labels : firing)
      if (matches_all(rule.source, *labels)) prepared.sources.push_back(labels);
    if (!prepared.sources.empty()) prepared_.push_back(std::move(prepared));
  }
}

const Labels* Inhibitor::source_of(const Labels& labels) const {
  for (const auto& [rule, sources] : prepared_) {
    if (!matches_all(rule->target, labels)) continue;
    const bool is_source = matches_all(rule->source, labels);
    for (const LabelsPtr& source : sources) {
      if (*source == labels || (is_source && matches_all(rule->target, *source))) continue;
      const bool alike = std::ranges::all_of(
          rule->equal, [&](const std::string& name) { return source->get(name) == labels.get(name); });
      if (alike) return source.get();
    }
  }
  return nullptr;
}

}  // namespace pgvigil::agent::notify
