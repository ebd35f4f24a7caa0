#include "agent/judge/figures.h"

namespace pgvigil::agent {

std::vector<AlertCount> count_alerts(const RuleRunner& runner) {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> counts;
  runner.for_each_alert([&](const RuleStatus& rule, const rules::Alert& alert) {
    const std::string_view state =
        alert.state.unknown_since ? "unknown" : rules::to_string(alert.state.phase);
    ++counts[{rule.rule->name, std::string(state), std::string(alert.labels->get("severity"))}];
  });
  std::vector<AlertCount> all;
  for (const auto& [key, count] : counts)
    all.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  return all;
}

}  // namespace pgvigil::agent
