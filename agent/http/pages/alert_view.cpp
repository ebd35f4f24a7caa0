#include <algorithm>
#include <array>
#include <compare>
#include <span>
#include <tuple>

#include "agent/http/pages/status_page.h"

namespace pgvigil::agent {
namespace {

constexpr std::size_t k_most_alerts = 200;
constexpr std::array<std::string_view, 3> k_severities = {"critical", "warning", "info"};

AlertView view_of(const rules::Alert& alert, const std::string& rule) {
  const bool firing = alert.state.phase == rules::AlertPhase::firing;
  AlertView view{.name = rule,
                 .severity = std::string(alert.labels->get("severity")),
                 .state = std::string(to_string(alert.state.phase)),
                 .since = firing ? alert.state.firing_since : alert.state.active_since,
                 .unknown_since = alert.state.unknown_since,
                 .value = alert.state.value,
                 .labels = alert.labels};
  for (const auto& [name, text] : alert.annotations)
    if (name == "summary") view.summary = text;
  return view;
}

/// An alert and the rule that it is of.
struct Ranked {
  const rules::Alert* alert;
  const std::string* rule;
  std::ptrdiff_t severity;
};

auto order(const Ranked& one) {
  return std::tuple(one.alert->state.phase != rules::AlertPhase::firing, one.severity,
                    std::string_view(*one.rule));
}

bool comes_first(const Ranked& a, const Ranked& b) {
  const auto is = order(a) <=> order(b);
  return is != 0 ? is < 0 : *a.alert->labels < *b.alert->labels;
}

}  // namespace

AlertsView alerts_view(const std::vector<GroupStatus>& groups) {
  std::vector<Ranked> all;
  for (const GroupStatus& group : groups)
    for (const RuleStatus& rule : group.rules)
      for (const rules::Alert& alert : rule.alerts) {
        const auto severity = std::ranges::find(k_severities, alert.labels->get("severity"));
        all.push_back({&alert, &rule.rule->name, severity - k_severities.begin()});
      }
  const auto shown = static_cast<std::ptrdiff_t>(std::min(all.size(), k_most_alerts));
  std::ranges::partial_sort(all, all.begin() + shown, comes_first);
  AlertsView view{.left_out = all.size() - static_cast<std::size_t>(shown)};
  for (const Ranked& one : std::span(all).first(static_cast<std::size_t>(shown)))
    view.alerts.push_back(view_of(*one.alert, *one.rule));
  return view;
}

}  // namespace pgvigil::agent
