#include "agent/http/api/explain.h"

#include <algorithm>

#include "agent/http/api/answer.h"
#include "agent/http/api/parameters.h"
#include "rules/explain/explain_rule.h"
#include "rules/explain/explain_text.h"
#include "rules/promql/parser.h"

namespace pgvigil::agent::api {
namespace {

using pgvigil::rules::ExplainContext;
using pgvigil::rules::ExplainedNode;
using pgvigil::rules::ExplainedSeries;
using pgvigil::rules::Explanation;

/// What Prometheus's API calls the types of results.
std::string_view type_word(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::scalar:
      return "scalar";
    case promql::ValueType::vector:
      return "vector";
    case promql::ValueType::matrix:
      return "matrix";
    case promql::ValueType::string:
      return "string";
    case promql::ValueType::none:
      break;
  }
  return "none";
}

void write_series(JsonWriter& json, const ExplainedNode& part, const ExplainedSeries& series) {
  json.begin_object()
      .key("metric")
      .labels(*series.labels)
      .key("value")
      .sample({series.last_ms, series.value});
  if (part.type == promql::ValueType::matrix) {
    json.key("samples").number(static_cast<double>(series.samples));
    json.key("first").number(static_cast<double>(series.first_ms) / 1000);
  }
  json.end_object();
}

void write_part(JsonWriter& json, const ExplainedNode& part) {
  json.begin_object().key("level").number(static_cast<double>(part.level));
  json.key("head").string(part.head).key("text").string(part.text).key("type").string(type_word(part.type));
  json.key("seriesCount").number(static_cast<double>(part.series));
  if (part.type == promql::ValueType::matrix) json.key("samples").number(static_cast<double>(part.samples));
  if (!part.error.empty()) json.key("error").string(part.error);
  if (!part.why_empty.empty()) json.key("whyEmpty").string(part.why_empty);
  json.key("series").begin_array();
  for (const ExplainedSeries& series : part.shown)
    write_series(json, part, series);
  json.end_array().end_object();
}

/// What was asked for: a rule, or an expression of its own.
struct Subject {
  std::optional<RuleView> rule;
  promql::ExprPtr expr;
};

Parsed<Subject> subject_of(const Data& data, const Request& request) {
  const auto name = request.parameter("rule");
  const auto query = request.parameter("query");
  if (name.has_value() == query.has_value())
    return std::unexpected(ApiError{ErrorType::bad_data, "name a rule (rule=) or an expression (query=)"});
  if (query) {
    auto expr = promql::parse_expression(*query);
    if (!expr) return invalid_parameter("query", promql::to_string(expr.error()));
    return Subject{{}, std::move(*expr)};
  }
  for (RuleView& view : data.rules())
    if (view.rule->name == *name) return Subject{std::move(view), {}};
  return std::unexpected(ApiError{ErrorType::not_found, "there is no rule '" + *name + "' that is on"});
}

Explanation explanation_of(const Data& data, const Request& request, const Subject& subject) {
  const QueryLimits limits = data.limits();
  const pgvigil::rules::MetricCatalog catalog = data.catalog();
  ExplainContext context{data.storage()};
  context.catalog = &catalog;
  context.trouble = [&](std::string_view collector) { return data.collector_trouble(collector); };
  context.options.limits.samples = limits.max_samples;
  context.options.cancelled = [&] {
    return request.abandoned() || Deadline::clock::now() >= request.complete_at + limits.timeout;
  };
  if (!subject.rule) return pgvigil::rules::explain(*subject.expr, context, unix_milliseconds(data.now()));
  pgvigil::rules::Alerts alerts;
  for (const pgvigil::rules::Alert& alert : subject.rule->alerts)
    alerts.emplace(alert.labels, alert);
  const pgvigil::rules::Rule& rule = *subject.rule->rule;
  return explain_rule(rule, policy_of(rule, rule.interval), alerts, context, data.now());
}

}  // namespace

Response explain(const Data& data, const Request& request) {
  const auto subject = subject_of(data, request);
  if (!subject) return error_answer(subject.error());
  const Explanation explanation = explanation_of(data, request, *subject);
  const std::string expression =
      subject->rule ? subject->rule->rule->expr.text : request.parameter("query").value_or("");
  if (request.parameter("format") == "text") return {.body = expression + "\n\n" + to_text(explanation)};
  return answer(data.limits().max_response, [&](JsonWriter& json) {
    json.begin_object();
    if (subject->rule) json.key("rule").string(subject->rule->rule->name);
    json.key("query").string(expression);
    json.key("time").number(static_cast<double>(explanation.t_ms) / 1000);
    json.key("verdict").string(explanation.verdict).key("parts").begin_array();
    for (const ExplainedNode& part : explanation.nodes)
      write_part(json, part);
    json.end_array().end_object();
  });
}

}  // namespace pgvigil::agent::api
