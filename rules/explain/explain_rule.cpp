#include "rules/explain/explain_rule.h"

#include <algorithm>
#include <set>

#include "collectors/model/quantity.h"
#include "collectors/model/unix_time.h"
#include "rules/explain/explain_text.h"
#include "rules/label_set.h"
#include "rules/selectors.h"

namespace pgvigil::rules {
namespace {

constexpr std::size_t k_most_alerts = 5;

std::string at(Timestamp time) {
  return utc_text(unix_milliseconds(time));
}

/// One sentence about an alert.
std::string sentence(const AlertPolicy& policy, const Alert& alert) {
  const AlertState& state = alert.state;
  std::string text = to_string(*without_metadata(alert.series));
  if (state.phase == AlertPhase::pending) {
    const milliseconds left = std::max(policy.hold_for - state.observed, milliseconds{0});
    text += " is pending since " + at(state.active_since) + ": it was seen to hold for " +
            duration_text(state.observed) + " of " + duration_text(policy.hold_for) + " and needs " +
            duration_text(left) + " more";
  } else if (state.phase == AlertPhase::firing) {
    text += " fires since " + at(state.firing_since);
    if (!state.last_held && !state.unknown_since)
      text += ", and is held although the expression no longer gives it";
    if (state.flapping) text += ", and is flapping";
  } else {
    text += " has ended";
  }
  if (state.unknown_since) text += "; nothing is known of it since " + at(*state.unknown_since);
  return text + ".";
}

std::string about_alerts(const AlertPolicy& policy, const Alerts& alerts) {
  std::vector<const Alert*> sorted;
  for (const auto& [labels, alert] : alerts)
    sorted.push_back(&alert);
  std::ranges::sort(sorted, [](const Alert* a, const Alert* b) { return *a->labels < *b->labels; });
  std::string text;
  for (std::size_t i = 0; i < sorted.size() && i < k_most_alerts; ++i)
    text += " " + sentence(policy, *sorted[i]);
  if (sorted.size() > k_most_alerts)
    text += " And " + std::to_string(sorted.size() - k_most_alerts) + " more.";
  return text;
}

/// The collectors that `rule` stands on and that are in trouble: "'locks' failed: ...".
std::string troubles_of(const Rule& rule, const ExplainContext& context) {
  std::set<std::string> told;
  if (context.catalog == nullptr || !context.trouble) return "";
  for_each_needed_selector(*rule.expr.tree, [&](const promql::VectorSelector& selector, promql::Span) {
    const MetricFacts* facts = context.catalog->find(metric_of(selector));
    if (facts == nullptr || facts->collector.empty() || !facts->enabled) return;
    const std::string trouble = context.trouble(facts->collector);
    if (!trouble.empty()) told.insert("'" + facts->collector + "' " + trouble);
  });
  std::string text;
  for (const std::string& one : told)
    text += (text.empty() ? "" : "; ") + one;
  return text;
}

}  // namespace

Explanation explain_rule(const Rule& rule,
                         const AlertPolicy& policy,
                         const Alerts& alerts,
                         const ExplainContext& context,
                         Timestamp now) {
  Explanation explanation = explain(*rule.expr.tree, context, unix_milliseconds(now));
  const bool failed = !explanation.nodes.empty() && !explanation.nodes.front().error.empty();
  const std::string troubles = troubles_of(rule, context);
  const bool unknown = failed || !troubles.empty();
  std::string& verdict = explanation.verdict;
  if (rule.kind == RuleKind::record) return explanation;
  if (!rule.enabled) verdict = "The rule is off: enabled = false. " + verdict;
  if (!troubles.empty())
    verdict += " But nothing is known while a collector behind it is in trouble: " + troubles + ".";
  if (unknown) verdict += " Every alert of the rule stays what it is.";
  if (alerts.empty()) verdict += " So it does not fire.";
  verdict += about_alerts(policy, alerts);
  return explanation;
}

}  // namespace pgvigil::rules
