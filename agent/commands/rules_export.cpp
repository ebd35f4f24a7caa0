#include "agent/commands/rules_export.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "rules/promql/duration.h"
#include "rules/rule_test.h"

namespace pgvigil::agent {
namespace {

using rules::Rule;

/// A JSON string is a YAML string; what is ASCII stays readable.
std::string yaml_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string duration(std::chrono::milliseconds value) {
  return promql::format_duration(value.count());
}

/// Lines of YAML, two spaces a level.
class Lines {
 public:
  explicit Lines(std::size_t level) : level_(level) {}
  void add(std::size_t level, std::string_view line) {
    text_ += std::string(2 * (level_ + level), ' ') + std::string(line) + "\n";
  }
  /// `key: text`, as a block where the text has several lines.
  void add_text(std::size_t level, const std::string& key, std::string_view text) {
    const bool block =
        text.contains('\n') && !text.starts_with(' ') && !text.ends_with('\n') && !text.contains('\t');
    if (!block) return add(level, key + ": " + yaml_text(text));
    add(level, key + ": |-");
    while (!text.empty()) {
      add(level + 1, text.substr(0, text.find('\n')));
      text.remove_prefix(std::min(text.size(), text.substr(0, text.find('\n')).size() + 1));
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::size_t level_;
  std::string text_;
};

void add_map(Lines& lines,
             std::size_t level,
             const std::string& key,
             const std::vector<rules::NamedTemplate>& entries) {
  if (entries.empty()) return;
  lines.add(level, key + ":");
  for (const rules::NamedTemplate& entry : entries)
    lines.add_text(level + 1, entry.name, entry.text);
}

/// Prometheus sees all servers of a cluster: what they all show is left to the primary.
std::string expression_of(const Rule& rule) {
  if (rule.scope == rules::RuleScope::node) return rule.expr.text;
  const bool block = rule.expr.text.contains('\n');
  return "(" + rule.expr.text + (block ? "\n)" : ")") +
         " unless on (instance, target) (pg_replication_is_replica == 1)";
}

void add_rule(Lines& lines, const Rule& rule) {
  if (rule.clear || rule.on_nodata != rules::NoData::resolve || rule.flap)
    lines.add(2,
              "# pgvigil also knows clear, on_nodata or flap for this one; Prometheus has no counterpart.");
  lines.add(2, std::string(rule.kind == rules::RuleKind::alert ? "- alert: " : "- record: ") +
                   yaml_text(rule.name));
  lines.add_text(3, "expr", expression_of(rule));
  if (rule.hold_for.count() > 0) lines.add(3, "for: " + duration(rule.hold_for));
  if (rule.keep_firing_for.count() > 0) lines.add(3, "keep_firing_for: " + duration(rule.keep_firing_for));
  add_map(lines, 3, "labels", rule.labels);
  add_map(lines, 3, "annotations", rule.annotations);
}

std::string groups_of(std::span<const Rule> rules, std::size_t level) {
  std::vector<std::string> groups;
  for (const Rule& rule : rules)
    if (rule.enabled && std::ranges::find(groups, rule.group) == groups.end()) groups.push_back(rule.group);
  Lines lines(level);
  lines.add(0, groups.empty() ? "groups: []" : "groups:");
  for (const std::string& group : groups) {
    lines.add(1, "- name: " + yaml_text(group));
    const auto first = std::ranges::find(rules, group, &Rule::group);
    if (first->interval.count() > 0) lines.add(2, "interval: " + duration(first->interval));
    lines.add(2, "rules:");
    for (const Rule& rule : rules)
      if (rule.enabled && rule.group == group) add_rule(lines, rule);
  }
  return lines.take();
}

nlohmann::json labels_json(const promql::LabelsPtr& labels) {
  nlohmann::json map = nlohmann::json::object();
  for (std::size_t i = 0; i < labels->size(); ++i)
    map[std::string((*labels)[i].name)] = (*labels)[i].value;
  return map;
}

/// The series without its values, and the values: promtool wants them apart.
std::pair<std::string, std::string> split_series(const rules::TestSeries& series) {
  const std::string_view text = series.text;
  const std::size_t close = text.rfind('}');
  const std::size_t space = text.find_first_of(" \t", close == text.npos ? 0 : close);
  if (space == text.npos) return {std::string(text), ""};
  return {std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

nlohmann::json test_json(const Rule& rule, const rules::RuleTest& test) {
  nlohmann::json input = nlohmann::json::array();
  for (const rules::TestSeries& series : test.series) {
    const auto [name, values] = split_series(series);
    input.push_back({{"series", name}, {"values", values}});
  }
  nlohmann::json expected = nlohmann::json::array();
  for (const rules::TestedAlert& alert : firing_at_end(rule, test)) {
    nlohmann::json annotations = nlohmann::json::object();
    for (const auto& [name, text] : alert.annotations)
      annotations[name] = text;
    // promtool adds the alert's name itself.
    promql::LabelsBuilder labels(*alert.labels);
    expected.push_back(
        {{"exp_labels", labels_json(labels.erase("alertname").build())}, {"exp_annotations", annotations}});
  }
  const nlohmann::json alerts = {
      {{"eval_time", duration(test.at)}, {"alertname", rule.name}, {"exp_alerts", std::move(expected)}}};
  return {{"interval", duration(test.interval)}, {"input_series", input}, {"alert_rule_test", alerts}};
}

}  // namespace

std::string as_prometheus(std::span<const Rule> rules) {
  return groups_of(rules, 0);
}

std::string as_operator_resource(std::span<const Rule> rules, std::string_view name) {
  return "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: " + yaml_text(name) +
         "\nspec:\n" + groups_of(rules, 1);
}

std::string as_promtool_tests(std::span<const Rule> rules, std::string_view rule_file) {
  // promtool has one evaluation interval a file, so only the tests of the commonest are exported.
  constexpr std::chrono::minutes k_interval{1};
  std::string text = "rule_files: [" + yaml_text(rule_file) + "]\nevaluation_interval: 1m\ntests:\n";
  for (const Rule& rule : rules) {
    if (!rule.enabled || rule.kind != rules::RuleKind::alert) continue;
    for (const rules::RuleTest& test : rule.tests)
      if (test.interval == k_interval && test.firing) text += "  - " + test_json(rule, test).dump() + "\n";
  }
  return text;
}

}  // namespace pgvigil::agent
