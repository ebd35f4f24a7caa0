#include "agent/runtime/self/family_parts.h"
#include "agent/runtime/self/self_families.h"

namespace pgvigil::agent {

using prometheus::MetricFamily;

std::vector<MetricFamily> advice_families(const ServerStatus& server) {
  if (!server.advice) return {};
  const AdviceStatus& advice = *server.advice;
  std::vector<MetricFamily> families = {
      single(counter("pgvigil_advice_runs_total",
                     "Looks at the server for advice since the start of the process, failed ones included."),
             static_cast<double>(advice.runs)),
      single(counter("pgvigil_advice_run_failures_total",
                     "Looks at the server for advice that failed since the start of the process; the status "
                     "page and "
                     "the log say why."),
             static_cast<double>(advice.failures)),
      single(gauge("pgvigil_advice_run_duration_seconds",
                   "Time that the last look for advice took, the reading of all databases included."),
             advice.last_seconds)};
  if (advice.last_success)
    families.push_back(
        single(gauge("pgvigil_advice_last_success_timestamp_seconds",
                     "When a look for advice last succeeded, in seconds since the Unix epoch; absent "
                     "before the first time."),
               unix_seconds(*advice.last_success)));
  MetricFamily findings =
      gauge("pgvigil_advice_findings",
            "Pieces of advice of each kind that stand and that nobody has dismissed, also those "
            "beyond [advice] top.");
  for (const auto& [kind, count] : advice.findings)
    add(findings, {label(OwnLabel::kind, kind)}, static_cast<double>(count));
  MetricFamily blind =
      gauge("pgvigil_advice_blind",
            "1 for each kind of advice that could not look at the last look, for want of a grant or a "
            "collector; the status page says why. No series for a kind that could.");
  for (const auto& [kind, why] : advice.blind)
    add(blind, {label(OwnLabel::kind, kind)}, 1);
  for (MetricFamily* family : {&findings, &blind})
    if (!family->metric.empty()) families.push_back(std::move(*family));
  return families;
}

}  // namespace pgvigil::agent
