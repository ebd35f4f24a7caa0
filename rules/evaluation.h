#pragma once

#include <cstdint>
#include <functional>
#include <limits>
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

/// How much is seen of what gives a metric: of several servers, some may be out of sight.
enum class Sight : std::uint8_t { none, some, all };

/// What an evaluation stands on.
struct EvaluationContext {
  const promql::Queryable& storage;
  promql::QueryOptions options = {};
  /// Whether the last collections of what gives this metric succeeded, of those servers that these labels may
  /// be from. Without it everything is seen.
  std::function<Sight(std::string_view metric, const promql::Labels& of)> sight = {};
  promql::LabelsPtr external_labels = promql::Labels::none();  ///< for templates
  std::string external_url = {};
  /// How many alerts the rule may have: new ones beyond that are left out, those that it has stay.
  std::size_t most_alerts = std::numeric_limits<std::size_t>::max();
};

struct RuleResult {
  std::vector<AlertEvent> events = {};
  std::vector<promql::Sample> recorded = {};      ///< of a recording rule, with its name and labels
  std::optional<promql::Error> error = {};        ///< why nothing is known
  std::size_t left_out = 0;                       ///< alerts beyond the most that there may be
  std::vector<std::string> template_errors = {};  ///< "summary: there is no function 'x'"
};

/// Evaluates `rule` at `now` and steps its alerts. An expression that fails leaves every alert as it is,
/// unknown; so does a metric out of sight (but for absent(), which is about that) with those that are from
/// there: an alert is not believed when nothing that it may be from is seen, and does not end unless all of
/// it is.
RuleResult evaluate_rule(const Rule& rule,
                         const AlertPolicy& policy,
                         const EvaluationContext& context,
                         Alerts& alerts,
                         Timestamp now);

/// The metrics that the rule reads by their names, but for those whose absence it is about.
std::vector<std::string> metrics_read(const Rule& rule);

/// The alerts of a rule that was changed since, under the labels that it gives them now: their states stay.
Alerts relabelled(const Rule& rule, const EvaluationContext& context, Alerts alerts, Timestamp now);

}  // namespace pgvigil::rules
