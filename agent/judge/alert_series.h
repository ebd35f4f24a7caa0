#pragma once

#include <vector>

#include "rules/evaluation.h"
#include "rules/history/history.h"

namespace pgvigil::agent {

/// The series that Prometheus makes of alerts: ALERTS{alertname, alertstate, …} with the value 1, and
/// ALERTS_FOR_STATE{alertname, …} with the Unix time in seconds since which the condition holds.
void append_alert_series(const rules::Alerts& alerts, std::vector<rules::Reading>& series);

}  // namespace pgvigil::agent
