#include "agent/judge/alert_series.h"

#include <chrono>

namespace pgvigil::agent {

void append_alert_series(const rules::Alerts& alerts, std::vector<rules::Reading>& series) {
  for (const auto& [labels, alert] : alerts) {
    if (alert.state.phase == rules::AlertPhase::inactive) continue;
    promql::LabelsBuilder state(*labels);
    state.set(promql::k_metric_name, "ALERTS").set("alertstate", rules::to_string(alert.state.phase));
    series.push_back({state.build(), 1});
    promql::LabelsBuilder since(*labels);
    since.set(promql::k_metric_name, "ALERTS_FOR_STATE");
    const auto active = std::chrono::floor<std::chrono::seconds>(alert.state.active_since.time_since_epoch());
    series.push_back({since.build(), static_cast<double>(active.count())});
  }
}

}  // namespace pgvigil::agent
