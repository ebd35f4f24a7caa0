#include "agent/http/api/rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "agent/http/api/answer.h"
#include "agent/http/api/parameters.h"
#include "rules/promql/number.h"
#include "rules/promql/printer.h"
#include "rules/promql/text.h"

namespace pgvigil::agent::api {
namespace {

using pgvigil::rules::Alert;
using pgvigil::rules::AlertPhase;
using pgvigil::rules::NamedTemplate;
using pgvigil::rules::Rule;
using pgvigil::rules::RuleKind;

double seconds(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

/// Go's FormatFloat(value, 'e', -1, 64): how Prometheus prints the value of an alert.
std::string exponent_text(double value) {
  if (!std::isfinite(value)) return promql::format_fixed(value);
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  return {buffer.data(), end};
}

/// What the request wants of the rules.
struct Filter {
  std::optional<RuleKind> kind;
  std::vector<std::string> names;
  std::vector<std::string> groups;
  std::vector<std::string> files;
  std::vector<std::vector<promql::Matcher>> selectors;
  bool with_alerts = true;

  bool takes(const Rule& rule) const {
    const auto allows = [](const std::vector<std::string>& allowed, const std::string& value) {
      return allowed.empty() || std::ranges::find(allowed, value) != allowed.end();
    };
    if (kind && rule.kind != *kind) return false;
    return allows(names, rule.name) && allows(groups, rule.group) && allows(files, rule.file) &&
           matches(rule);
  }

  bool matches(const Rule& rule) const {
    if (selectors.empty()) return true;
    std::vector<std::pair<std::string, std::string>> labels;
    for (const NamedTemplate& label : rule.labels)
      labels.emplace_back(label.name, label.text);
    const promql::LabelsPtr all = promql::Labels::make(std::move(labels));
    return std::ranges::any_of(selectors,
                               [&](const auto& selector) { return promql::matches_all(selector, *all); });
  }
};

Parsed<std::optional<RuleKind>> kind_of(const Request& request) {
  const std::string type = promql::lower_case(request.parameter("type").value_or(""));
  if (type.empty()) return std::nullopt;
  if (type == "alert") return RuleKind::alert;
  if (type == "record") return RuleKind::record;
  return invalid_parameter("type", "not supported value " + promql::quoted(type));
}

Parsed<bool> excludes_alerts(const Request& request) {
  const std::string text = promql::lower_case(request.parameter("exclude_alerts").value_or(""));
  if (text.empty() || text == "false" || text == "0" || text == "f") return false;
  if (text == "true" || text == "1" || text == "t") return true;
  return invalid_parameter("exclude_alerts", "cannot parse " + promql::quoted(text) + " to a boolean");
}

Parsed<Filter> filter_of(const Request& request) {
  Filter filter{.kind = {},
                .names = request.all_parameters("rule_name[]"),
                .groups = request.all_parameters("rule_group[]"),
                .files = request.all_parameters("file[]"),
                .selectors = {}};
  const auto kind = kind_of(request);
  if (!kind) return std::unexpected(kind.error());
  filter.kind = *kind;
  const auto without_alerts = excludes_alerts(request);
  if (!without_alerts) return std::unexpected(without_alerts.error());
  filter.with_alerts = !*without_alerts;
  auto selectors = selectors_of(request);
  if (!selectors) return std::unexpected(selectors.error());
  filter.selectors = std::move(*selectors);
  return filter;
}

template <typename Pairs>
void write_pairs(JsonWriter& json, const Pairs& pairs) {
  json.begin_object();
  for (const auto& [name, value] : pairs)
    json.key(name).string(value);
  json.end_object();
}

void write_templates(JsonWriter& json, const std::vector<NamedTemplate>& templates) {
  json.begin_object();
  for (const NamedTemplate& one : templates)
    json.key(one.name).string(one.text);
  json.end_object();
}

void write_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object().key("labels").labels(*alert.labels);
  json.key("annotations");
  write_pairs(json, alert.annotations);
  json.key("state").string(pgvigil::rules::to_string(alert.state.phase));
  json.key("activeAt").string(time_text(unix_milliseconds(alert.state.active_since)));
  json.key("value").string(exponent_text(alert.state.value));
  // Prometheus has no such state: the alert holds because nothing is known.
  if (alert.state.unknown_since)
    json.key("unknownSince").string(time_text(unix_milliseconds(*alert.state.unknown_since)));
  json.end_object();
}

void write_alerts(JsonWriter& json, const std::vector<Alert>& alerts) {
  json.begin_array();
  for (const Alert& alert : alerts)
    write_alert(json, alert);
  json.end_array();
}

/// The state of a rule is the worst of its alerts.
AlertPhase phase_of(const RuleView& view) {
  AlertPhase phase = AlertPhase::inactive;
  for (const Alert& alert : view.alerts)
    phase = std::max(phase, alert.state.phase);
  return phase;
}

std::string_view health_of(const RuleView& view) {
  if (view.error) return "err";
  return view.last_evaluation ? "ok" : "unknown";
}

void write_evaluation(JsonWriter& json, double evaluation_seconds, const std::optional<Timestamp>& at) {
  json.key("evaluationTime").number(evaluation_seconds);
  json.key("lastEvaluation").string(at ? time_text(unix_milliseconds(*at)) : "0001-01-01T00:00:00Z");
}

void write_rule(JsonWriter& json, const RuleView& view, bool with_alerts) {
  const Rule& rule = *view.rule;
  const bool is_alert = rule.kind == RuleKind::alert;
  json.begin_object();
  if (is_alert) json.key("state").string(pgvigil::rules::to_string(phase_of(view)));
  json.key("name").string(rule.name).key("query").string(promql::to_string(*rule.expr.tree));
  if (is_alert) {
    json.key("duration").number(seconds(rule.hold_for));
    json.key("keepFiringFor").number(seconds(rule.keep_firing_for));
  }
  if (is_alert || !rule.labels.empty()) {
    json.key("labels");
    write_templates(json, rule.labels);
  }
  if (is_alert) {
    json.key("annotations");
    write_templates(json, rule.annotations);
    json.key("alerts");
    write_alerts(json, with_alerts ? view.alerts : std::vector<Alert>{});
  }
  json.key("health").string(health_of(view));
  if (view.error) json.key("lastError").string(*view.error);
  write_evaluation(json, view.evaluation_seconds, view.last_evaluation);
  json.key("type").string(is_alert ? "alerting" : "recording").end_object();
}

using RuleViews = std::vector<const RuleView*>;

void write_group(JsonWriter& json, const RuleViews& views, bool with_alerts) {
  const Rule& first = *views.front()->rule;
  double evaluation_seconds = 0;
  std::optional<Timestamp> last;
  json.begin_object()
      .key("name")
      .string(first.group)
      .key("file")
      .string(first.file)
      .key("rules")
      .begin_array();
  for (const RuleView* view : views) {
    write_rule(json, *view, with_alerts);
    evaluation_seconds += view->evaluation_seconds;
    if (view->last_evaluation) last = std::max(last.value_or(*view->last_evaluation), *view->last_evaluation);
  }
  json.end_array().key("interval").number(seconds(first.interval)).key("limit").number(0);
  write_evaluation(json, evaluation_seconds, last);
  json.end_object();
}

/// The rules that are wanted, in their groups.
std::vector<RuleViews> grouped(const std::vector<RuleView>& all, const Filter& filter) {
  std::vector<RuleViews> groups;
  for (const RuleView& view : all) {
    if (!filter.takes(*view.rule)) continue;
    const auto known = std::ranges::find_if(groups, [&](const RuleViews& group) {
      return group.front()->rule->file == view.rule->file && group.front()->rule->group == view.rule->group;
    });
    if (known == groups.end())
      groups.push_back({&view});
    else
      known->push_back(&view);
  }
  return groups;
}

}  // namespace

Response rules(const Data& data, const Request& request) {
  const auto filter = filter_of(request);
  if (!filter) return error_answer(filter.error());
  const std::vector<RuleView> all = data.rules();
  return answer(data.limits().max_response, [&](JsonWriter& json) {
    json.begin_object().key("groups").begin_array();
    for (const RuleViews& group : grouped(all, *filter))
      write_group(json, group, filter->with_alerts);
    json.end_array().end_object();
  });
}

Response alerts(const Data& data) {
  const std::vector<RuleView> all = data.rules();
  return answer(data.limits().max_response, [&](JsonWriter& json) {
    json.begin_object().key("alerts").begin_array();
    for (const RuleView& view : all)
      for (const Alert& alert : view.alerts)
        write_alert(json, alert);
    json.end_array().end_object();
  });
}

}  // namespace pgvigil::agent::api
