#include "rules/evaluation.h"

#include <algorithm>
#include <unordered_set>

#include "collectors/model/unix_time.h"
#include "rules/label_set.h"
#include "rules/promql/parser.h"
#include "rules/selectors.h"

namespace pgvigil::rules {
namespace {

using namespace promql;
using LabelsHashSet = std::unordered_set<LabelsPtr, SameLabels, SameLabels>;

/// One evaluation of one rule.
class Evaluation {
 public:
  Evaluation(const Rule& rule,
             const AlertPolicy& policy,
             const EvaluationContext& context,
             Alerts& alerts,
             Timestamp now)
      : rule_(rule), policy_(policy), context_(context), alerts_(alerts), now_(now) {}

  Alerts relabelled(Alerts alerts) {
    Alerts moved;
    for (auto& [labels, alert] : alerts) {
      alert.labels = alert_labels(alert.series, template_data(alert.series, alert.state.value));
      moved.emplace(alert.labels, std::move(alert));
    }
    return moved;
  }

  RuleResult run() {
    auto samples = vector_of(*rule_.expr.tree);
    if (samples && rule_.kind == RuleKind::record) {
      record(*samples);
      return std::move(result_);
    }
    auto candidates = samples ? candidates_of(*samples) : std::unexpected(samples.error());
    if (!candidates) {
      result_.error = candidates.error();
      step_all_unseen();
      return std::move(result_);
    }
    if (sight_of(*Labels::none()) == Sight::none) {
      step_all_unseen();
      return std::move(result_);
    }
    if (rule_.clear) {
      auto cleared = vector_of(*rule_.clear->tree);
      if (!cleared) {
        result_.error = cleared.error();
        step_all_unseen();
        return std::move(result_);
      }
      for (const Sample& sample : *cleared)
        cleared_.insert(without_metadata(sample.labels));
    }
    step_all(std::move(*candidates));
    return std::move(result_);
  }

 private:
  struct Candidate {
    LabelsPtr series;
    double value;
  };
  using Candidates = std::unordered_map<LabelsPtr, Candidate, SameLabels, SameLabels>;

  Expected<Vector> vector_of(const Expr& expr) const {
    auto result = evaluate_instant(expr, context_.storage, unix_milliseconds(now_), context_.options);
    if (!result) return std::unexpected(result.error());
    if (const auto* scalar = std::get_if<ScalarValue>(&result->value))
      return Vector{{Labels::none(), scalar->point}};
    return std::get<Vector>(std::move(result->value));
  }

  TemplateData template_data(const LabelsPtr& series, double value) const {
    TemplateData data{series, context_.external_labels, context_.external_url, value, {}};
    data.query = [this](std::string_view text) -> Expected<Vector> {
      auto expr = parse_expression(text, context_.options.limits);
      if (!expr) return std::unexpected(expr.error());
      if ((*expr)->type != ValueType::vector && (*expr)->type != ValueType::scalar)
        return failure(Fault::evaluation, "query result is not a vector or scalar");
      return vector_of(**expr);
    };
    return data;
  }

  /// The text of a label or an annotation; what went wrong takes its place, as in Prometheus.
  std::string rendered(const NamedTemplate& named, const TemplateData& data) {
    auto text = named.parsed.render(data);
    if (text) return std::move(*text);
    result_.template_errors.push_back(named.name + ": " + text.error().message);
    return "<error expanding template: " + text.error().message + ">";
  }

  void record(const Vector& samples) {
    LabelsHashSet seen;
    for (const Sample& sample : samples) {
      LabelsBuilder labels(*sample.labels);
      labels.set(k_metric_name, rule_.name);
      for (const NamedTemplate& label : rule_.labels)
        labels.set(label.name, label.text);
      LabelsPtr built = labels.build();
      if (!seen.insert(built).second) {
        result_.recorded.clear();
        result_.error =
            promql::Error{Fault::evaluation,
                          "two series have the same labels after the rule's labels: " + to_string(*built)};
        return;
      }
      result_.recorded.push_back({std::move(built), sample.point});
    }
  }

  LabelsPtr alert_labels(const LabelsPtr& series, const TemplateData& data) {
    LabelsBuilder labels(*without_metadata(series));
    for (const NamedTemplate& label : rule_.labels)
      labels.set(label.name, rendered(label, data));
    return labels.set("alertname", rule_.name).build();
  }

  Expected<Candidates> candidates_of(const Vector& samples) {
    Candidates candidates;
    for (const Sample& sample : samples) {
      LabelsPtr labels = alert_labels(sample.labels, template_data(sample.labels, sample.point.v));
      if (!candidates.try_emplace(labels, Candidate{sample.labels, sample.point.v}).second)
        return failure(Fault::evaluation,
                       "two series have the same labels after the rule's labels: " + to_string(*labels));
    }
    return candidates;
  }

  /// Of what the rule reads, for an alert with these labels.
  Sight sight_of(const Labels& labels) {
    Sight least = Sight::all;
    if (!context_.sight) return least;
    for (const std::string& metric : metrics())
      least = std::min(least, context_.sight(metric, labels));
    return least;
  }

  const std::vector<std::string>& metrics() {
    if (!metrics_) metrics_ = metrics_read(rule_);
    return *metrics_;
  }

  /// The series that the rule looks at now.
  const std::vector<LabelsPtr>& sources() {
    if (sources_) return *sources_;
    sources_.emplace();
    for_each_needed_selector(*rule_.expr.tree, [&](const VectorSelector& selector, Span) {
      auto found = context_.storage.select(selector.matchers,
                                           unix_milliseconds(now_) - context_.options.lookback_ms + 1,
                                           unix_milliseconds(now_));
      if (!found) return;
      for (std::size_t i = 0; i < found->size(); ++i)
        if (!found->points(i).empty() && !is_stale(found->points(i).back().v))
          sources_->push_back(found->labels(i));
    });
    return *sources_;
  }

  /// Whether some series that the rule looks at carries all labels that the expression gave the alert.
  bool has_data(const Alert& alert) {
    const LabelsPtr wanted = without_metadata(alert.series);
    return std::ranges::any_of(sources(), [&](const LabelsPtr& source) {
      for (std::size_t i = 0; i < wanted->size(); ++i)
        if (source->get((*wanted)[i].name) != (*wanted)[i].value) return false;
      return true;
    });
  }

  Observation observation_without(const Alert& alert) {
    if (sight_of(*alert.series) != Sight::all) return {Condition::unseen};
    const bool asks = policy_.on_nodata != NoData::resolve || rule_.clear;
    if (asks && !has_data(alert)) return {Condition::no_data};
    return {Condition::gone, 0, !rule_.clear || cleared_.contains(without_metadata(alert.series))};
  }

  Observation observation_with(const Candidate& candidate) {
    if (sight_of(*candidate.series) == Sight::none) return {Condition::unseen};
    return {Condition::holds, candidate.value};
  }

  void step_all(Candidates candidates) {
    if (candidates.empty() && alerts_.empty() && policy_.on_nodata == NoData::fire && sources().empty() &&
        sight_of(*Labels::none()) == Sight::all) {
      // Nobody is left whose data is missing: the rule itself is the alert.
      const LabelsPtr none = Labels::none();
      Alert alert{alert_labels(none, template_data(none, k_nan)), none, {}};
      alert.state.value = k_nan;
      step_one(std::move(alert), {Condition::no_data});
      return;
    }
    Alerts before = std::move(alerts_);
    alerts_.clear();
    for (auto& [labels, alert] : before) {
      const auto candidate = candidates.find(labels);
      if (candidate == candidates.end()) {
        const Observation seen = observation_without(alert);
        step_one(std::move(alert), seen);
        continue;
      }
      alert.series = candidate->second.series;
      step_one(std::move(alert), observation_with(candidate->second));
      candidates.erase(candidate);
    }
    for (auto& [labels, candidate] : candidates) {
      if (alerts_.size() < context_.most_alerts)
        step_one({labels, candidate.series, {}}, observation_with(candidate));
      else
        ++result_.left_out;
    }
  }

  void step_all_unseen() {
    Alerts before = std::move(alerts_);
    alerts_.clear();
    for (auto& [labels, alert] : before)
      step_one(std::move(alert), {Condition::unseen});
  }

  void step_one(Alert alert, const Observation& seen) {
    AlertStep next = step(policy_, alert.state, seen, now_);
    alert.state = std::move(next.state);
    if (seen.condition == Condition::holds || alert.annotations.empty()) render_annotations(alert);
    for (Transition transition : next.transitions)
      result_.events.push_back({transition, alert});
    const bool remembers = alert.state.phase != AlertPhase::inactive || !alert.state.changes.empty();
    if (remembers) alerts_.insert_or_assign(alert.labels, std::move(alert));
  }

  void render_annotations(Alert& alert) {
    alert.annotations.clear();
    const TemplateData data = template_data(alert.series, alert.state.value);
    for (const NamedTemplate& annotation : rule_.annotations)
      alert.annotations.emplace_back(annotation.name, rendered(annotation, data));
  }

  const Rule& rule_;
  const AlertPolicy& policy_;
  const EvaluationContext& context_;
  Alerts& alerts_;
  Timestamp now_;
  LabelsHashSet cleared_;
  std::optional<std::vector<LabelsPtr>> sources_;
  std::optional<std::vector<std::string>> metrics_;
  RuleResult result_;
};

}  // namespace

std::vector<std::string> metrics_read(const Rule& rule) {
  std::vector<std::string> metrics;
  const auto note = [&](const VectorSelector& selector, Span) {
    std::string metric = metric_of(selector);
    if (!metric.empty() && std::ranges::find(metrics, metric) == metrics.end())
      metrics.push_back(std::move(metric));
  };
  for_each_needed_selector(*rule.expr.tree, note);
  if (rule.clear) for_each_needed_selector(*rule.clear->tree, note);
  return metrics;
}

RuleResult evaluate_rule(const Rule& rule,
                         const AlertPolicy& policy,
                         const EvaluationContext& context,
                         Alerts& alerts,
                         Timestamp now) {
  return Evaluation(rule, policy, context, alerts, now).run();
}

Alerts relabelled(const Rule& rule, const EvaluationContext& context, Alerts alerts, Timestamp now) {
  Alerts none;
  return Evaluation(rule, {}, context, none, now).relabelled(std::move(alerts));
}

}  // namespace pgvigil::rules
