#include "rules/rule_test.h"

#include <algorithm>
#include <cmath>

#include "rules/evaluation.h"
#include "rules/explain/explain_rule.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/number.h"

namespace pgvigil::rules {
namespace {

using promql::LabelsPtr;

/// What a rule has come to at the end of a test.
struct Ending {
  promql::MemoryStorage storage;
  AlertPolicy policy;
  Alerts alerts;
  RuleResult last;
};

Ending play(const Rule& rule, const RuleTest& test) {
  Ending ending;
  for (const TestSeries& series : test.series) {
    std::vector<promql::Point> points;
    std::int64_t t_ms = 0;
    for (const promql::SequenceValue& value : series.series.values) {
      if (value.kind == promql::SequenceValue::Kind::number) points.push_back({t_ms, value.value});
      t_ms += test.interval.count();
    }
    ending.storage.append(series.series.labels, points);
  }
  const EvaluationContext context{ending.storage};
  ending.policy = policy_of(rule, test.interval);
  for (milliseconds t{0}; t <= test.at; t += test.interval)
    ending.last = evaluate_rule(rule, ending.policy, context, ending.alerts, Timestamp(t));
  return ending;
}

/// The labels without what the rule itself adds.
LabelsPtr own_labels(const Rule& rule, const LabelsPtr& labels) {
  promql::LabelsBuilder builder(*labels);
  builder.erase("alertname");
  for (const NamedTemplate& label : rule.labels)
    builder.erase(label.name);
  return builder.build();
}

std::string text_of(std::vector<LabelsPtr> sets) {
  std::ranges::sort(sets, [](const LabelsPtr& a, const LabelsPtr& b) { return *a < *b; });
  std::string text;
  for (const LabelsPtr& set : sets)
    text += (text.empty() ? "" : ", ") + to_string(*set);
  return text.empty() ? "none" : text;
}

std::optional<std::string> compare_sets(const char* what,
                                        const std::optional<std::vector<LabelsPtr>>& expected,
                                        const std::vector<LabelsPtr>& got) {
  if (!expected) return std::nullopt;
  const std::string wanted = text_of(*expected);
  const std::string found = text_of(got);
  if (wanted == found) return std::nullopt;
  return std::string(what) + ": expected " + wanted + ", got " + found;
}

std::optional<std::string> compare_samples(const RuleTest& test, const std::vector<promql::Sample>& got) {
  const auto line = [](const LabelsPtr& labels, double value) {
    return to_string(*labels) + " " + promql::format_general(value);
  };
  std::vector<std::string> wanted;
  std::vector<std::string> found;
  for (const TestSample& sample : *test.gives) {
    const auto same = std::ranges::find_if(
        got, [&](const promql::Sample& other) { return *other.labels == *sample.labels; });
    // Sums of decimals may differ in their last digits.
    const bool close =
        same != got.end() && std::abs(same->point.v - sample.value) <= 1e-9 * std::abs(sample.value);
    wanted.push_back(line(sample.labels, close ? same->point.v : sample.value));
  }
  for (const promql::Sample& sample : got)
    found.push_back(line(sample.labels, sample.point.v));
  std::ranges::sort(wanted);
  std::ranges::sort(found);
  if (wanted == found) return std::nullopt;
  const auto joined = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& one : lines)
      text += (text.empty() ? "" : ", ") + one;
    return text.empty() ? std::string("nothing") : text;
  };
  return "expected " + joined(wanted) + ", got " + joined(found);
}

std::optional<std::string> compare_annotations(const Rule& rule, const RuleTest& test, const Alerts& alerts) {
  for (const auto& [name, expected] : test.annotations) {
    const auto alert = std::ranges::find_if(alerts, [&](const auto& entry) {
      return entry.second.state.phase == AlertPhase::firing &&
             *own_labels(rule, entry.second.labels) == *test.firing->front();
    });
    if (alert == alerts.end()) return std::nullopt;  // told already
    const auto& annotations = alert->second.annotations;
    const auto found = std::ranges::find(annotations, name, &std::pair<std::string, std::string>::first);
    if (found == annotations.end()) return "the alert has no annotation '" + name + "'";
    if (found->second != expected)
      return name + ": expected \"" + expected + "\", got \"" + found->second + "\"";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> run_rule_test(const Rule& rule, const RuleTest& test) {
  const Ending ending = play(rule, test);
  if (ending.last.error) return "the evaluation fails: " + to_string(*ending.last.error);
  if (!ending.last.template_errors.empty()) return ending.last.template_errors.front();
  if (test.gives) return compare_samples(test, ending.last.recorded);
  std::vector<LabelsPtr> firing;
  std::vector<LabelsPtr> pending;
  for (const auto& [labels, alert] : ending.alerts) {
    if (alert.state.phase == AlertPhase::firing) firing.push_back(own_labels(rule, labels));
    if (alert.state.phase == AlertPhase::pending) pending.push_back(own_labels(rule, labels));
  }
  auto difference = compare_sets("firing", test.firing, firing);
  if (!difference) difference = compare_sets("pending", test.pending, pending);
  if (!difference) difference = compare_annotations(rule, test, ending.alerts);
  return difference;
}

std::vector<TestedAlert> firing_at_end(const Rule& rule, const RuleTest& test) {
  std::vector<TestedAlert> firing;
  for (const auto& [labels, alert] : play(rule, test).alerts)
    if (alert.state.phase == AlertPhase::firing) firing.push_back({labels, alert.annotations});
  std::ranges::sort(firing, [](const TestedAlert& a, const TestedAlert& b) { return *a.labels < *b.labels; });
  return firing;
}

Explanation explain_rule_test(const Rule& rule, const RuleTest& test) {
  const Ending ending = play(rule, test);
  return explain_rule(rule, ending.policy, ending.alerts, ExplainContext{ending.storage}, Timestamp(test.at));
}

}  // namespace pgvigil::rules
