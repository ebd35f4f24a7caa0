#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/alert.h"
#include "rules/promql/engine.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// One alert of a rule.
struct Alert {
  promql::LabelsPtr labels;  ///< all of them: of the series, of the rule, and alertname
  promql::LabelsPtr series;  ///< those that the expression gave
  AlertState state;
  std::vector<std::pair<std::string, std::string>> annotations = {};  ///< as last rendered
};

/// The alerts of a rule that are not inactive, by their labels.
using Alerts = std::unordered_map<promql::LabelsPtr, Alert, promql::SameLabels, promql::SameLabels>;

/// Something happened to an alert; `alert` is as it is after it.
struct AlertEvent {
  Transition transition;
  Alert alert;
};

/// What an evaluation stands on.
struct EvaluationContext {
  const promql::Queryable& storage;
  promql::QueryOptions options = {};
  /// Whether the last collection of what gives this metric succeeded. Without it everything is seen.
  std::function<bool(std::string_view metric)> sees = {};
  promql::LabelsPtr external_labels = promql::Labels::none();  ///< for templates
  std::string external_url = {};
};

struct RuleResult {
  std::vector<AlertEvent> events = {};
  std::vector<promql::Sample> recorded = {};      ///< of a recording rule, with its name and labels
  std::optional<promql::Error> error = {};        ///< why nothing is known
  std::vector<std::string> template_errors = {};  ///< "summary: there is no function 'x'"
};

/// Evaluates `rule` at `now` and steps its alerts. An expression that fails, and one that reads a metric that
/// is not seen now (but for absent(), which is about that), leave every alert as it is, unknown.
RuleResult evaluate_rule(const Rule& rule,
                         const AlertPolicy& policy,
                         const EvaluationContext& context,
                         Alerts& alerts,
                         Timestamp now);

}  // namespace pgvigil::rules
