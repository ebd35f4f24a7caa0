#include <algorithm>
#include <array>
#include <tuple>

#include "agent/http/pages/status_page.h"

namespace pgvigil::agent {
namespace {

constexpr std::array<std::string_view, 3> k_severities = {"critical", "warning", "info"};

AlertView view_of(const rules::Alert& alert, const std::string& rule) {
  const bool firing = alert.state.phase == rules::AlertPhase::firing;
  AlertView view{.name = rule,
                 .severity = std::string(alert.labels->get("severity")),
                 .state = std::string(to_string(alert.state.phase)),
                 .since = firing ? alert.state.firing_since : alert.state.active_since,
                 .unknown_since = alert.state.unknown_since,
                 .value = alert.state.value,
                 .labels = promql::to_string(*alert.labels)};
  for (const auto& [name, text] : alert.annotations)
    if (name == "summary") view.summary = text;
  return view;
}

auto order(const AlertView& view) {
  const auto severity = std::ranges::find(k_severities, view.severity) - k_severities.begin();
  return std::tuple(view.state != "firing", severity, view.name, view.labels);
}

}  // namespace

std::vector<AlertView> alert_views(const std::vector<GroupStatus>& groups) {
  std::vector<AlertView> views;
  for (const GroupStatus& group : groups)
    for (const RuleStatus& rule : group.rules)
      for (const rules::Alert& alert : rule.alerts)
        views.push_back(view_of(alert, rule.rule->name));
  std::ranges::sort(views, [](const AlertView& a, const AlertView& b) { return order(a) < order(b); });
  return views;
}

}  // namespace pgvigil::agent
