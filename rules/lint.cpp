#include "rules/lint.h"

#include <algorithm>
#include <array>

#include "rules/label_set.h"
#include "rules/lint_expression.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"

namespace pgvigil::rules {
namespace {

using namespace promql;
using Where = Finding::Where;

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// Whether something decides which series fire: a comparison, absent(), unless, a constant.
bool has_condition(const Expr& root) {
  bool found = contains_comparison(root);
  for_each_expression(root, [&](const Expr& expr) {
    constexpr std::array<std::string_view, 3> k_conditions = {"absent", "absent_over_time", "vector"};
    const auto* call = expr.as<Call>();
    const auto* binary = expr.as<Binary>();
    if (call != nullptr && std::ranges::find(k_conditions, call->function->name) != k_conditions.end())
      found = true;
    if (binary != nullptr && binary->op == TokenKind::keyword_unless) found = true;
  });
  return found;
}

void look_at_texts(const Rule& rule, const MetricCatalog* catalog, std::vector<Finding>& findings) {
  for (const NamedTemplate& label : rule.labels) {
    if (!label.parsed.reads_value()) continue;
    findings.push_back({Where::labels,
                        {},
                        label.name,
                        "$value in a label makes a new alert of every value",
                        "Show it in an annotation."});
  }
  for (const NamedTemplate& annotation : rule.annotations) {
    for (const std::string& query : annotation.parsed.queries()) {
      if (const auto parsed = parse_expression(query); !parsed)
        findings.push_back({Where::annotations,
                            {},
                            annotation.name,
                            "the query of the annotation is no PromQL: " + parsed.error().message,
                            ""});
    }
    if (catalog == nullptr) continue;
    const LabelSet labels = label_set(*rule.expr.tree, *catalog);
    for (const std::string& name : annotation.parsed.labels()) {
      const bool from_rule = std::ranges::find(rule.labels, name, &NamedTemplate::name) != rule.labels.end();
      if (from_rule || name == "alertname" || labels.can_have(name)) continue;
      findings.push_back({Where::annotations,
                          {},
                          annotation.name,
                          "the expression gives no label " + in_quotes(name),
                          "An empty text would be shown."});
    }
  }
}

}  // namespace

std::vector<Finding> lint(const Rule& rule, const MetricCatalog* catalog) {
  std::vector<Finding> findings;
  lint_expression(rule, *rule.expr.tree, Where::expr, catalog, findings);
  if (rule.clear) lint_expression(rule, *rule.clear->tree, Where::clear, catalog, findings);
  if (rule.kind == RuleKind::alert) {
    if (!has_condition(*rule.expr.tree))
      findings.push_back({Where::expr,
                          {},
                          "",
                          "nothing is compared, so every series fires, whatever its value",
                          "Write what is wrong: > 0."});
    if (rule.label("severity").empty())
      findings.push_back({Where::rule,
                          {},
                          "",
                          "the alert has no label 'severity'",
                          "Routes go by it: labels = { severity = \"warning\" }."});
    const bool summary =
        std::ranges::find(rule.annotations, "summary", &NamedTemplate::name) != rule.annotations.end();
    if (!summary)
      findings.push_back({Where::rule,
                          {},
                          "",
                          "the alert has no annotation 'summary'",
                          "A person at night reads it first."});
  }
  look_at_texts(rule, catalog, findings);
  return findings;
}

}  // namespace pgvigil::rules
