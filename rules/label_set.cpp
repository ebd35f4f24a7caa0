#include "rules/label_set.h"

#include "rules/promql/functions.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

LabelSet nothing() {
  return {{}, true, true};
}
LabelSet anything() {
  return {};
}

LabelSet of_selector(const VectorSelector& selector, const MetricCatalog& catalog) {
  const MetricFacts* facts = catalog.find(metric_of(selector));
  if (facts == nullptr) return anything();
  LabelSet set{{facts->labels.begin(), facts->labels.end()}, true, true};
  set.labels.insert(catalog.target_labels().begin(), catalog.target_labels().end());
  set.labels.insert(catalog.possible_labels().begin(), catalog.possible_labels().end());
  set.doubtful.insert(catalog.possible_labels().begin(), catalog.possible_labels().end());
  return set;
}

LabelSet of_aggregation(const Aggregation& aggregation, const MetricCatalog& catalog) {
  LabelSet inner = label_set(*aggregation.expr, catalog);
  switch (aggregation.op) {
    case TokenKind::keyword_topk:
    case TokenKind::keyword_bottomk:
    case TokenKind::keyword_limitk:
    case TokenKind::keyword_limit_ratio:
      return inner;
    case TokenKind::keyword_count_values:
      return anything();
    default:
      break;
  }
  if (aggregation.without) {
    for (const std::string& label : aggregation.grouping)
      inner.labels.erase(label);
    return inner;
  }
  LabelSet grouped{{}, true, inner.certain, inner.doubtful};
  for (const std::string& label : aggregation.grouping)
    if (inner.can_have(label)) grouped.labels.insert(label);
  return grouped;
}

LabelSet of_call(const Call& call, const MetricCatalog& catalog) {
  const std::string_view name = call.function->name;
  if (name == "label_replace" || name == "label_join" || name == "absent" || name == "absent_over_time" ||
      name == "histogram_quantile")
    return anything();
  for (const ExprPtr& argument : call.arguments)
    if (argument->type == ValueType::vector || argument->type == ValueType::matrix)
      return label_set(*argument, catalog);
  return nothing();
}

LabelSet united(const LabelSet& a, const LabelSet& b) {
  LabelSet set = a;
  set.labels.insert(b.labels.begin(), b.labels.end());
  set.complete = a.complete && b.complete;
  set.doubtful.insert(b.doubtful.begin(), b.doubtful.end());
  set.certain = a.certain && b.certain && a.labels == b.labels;
  return set;
}

LabelSet of_binary(const Binary& binary, const MetricCatalog& catalog) {
  const bool left_is_scalar = binary.left->type == ValueType::scalar;
  const bool right_is_scalar = binary.right->type == ValueType::scalar;
  if (left_is_scalar && right_is_scalar) return nothing();
  if (left_is_scalar) return label_set(*binary.right, catalog);
  LabelSet left = label_set(*binary.left, catalog);
  if (right_is_scalar || binary.op == TokenKind::keyword_and || binary.op == TokenKind::keyword_unless)
    return left;
  const LabelSet right = label_set(*binary.right, catalog);
  if (binary.op == TokenKind::keyword_or) return united(left, right);
  const VectorMatching& matching = binary.matching;
  if (matching.cardinality == Cardinality::one_to_one) {
    if (!matching.on) {
      for (const std::string& label : matching.labels)
        left.labels.erase(label);
      return left;
    }
    LabelSet matched{{}, true, left.certain, left.doubtful};
    for (const std::string& label : matching.labels)
      if (left.can_have(label)) matched.labels.insert(label);
    return matched;
  }
  LabelSet many = matching.cardinality == Cardinality::one_to_many ? right : left;
  for (const std::string& label : matching.include)
    if (many.labels.insert(label).second) many.certain = false;
  return many;
}

}  // namespace

LabelSet label_set(const Expr& expr, const MetricCatalog& catalog) {
  if (const auto* selector = expr.as<VectorSelector>()) return of_selector(*selector, catalog);
  if (const auto* range = expr.as<MatrixSelector>()) return of_selector(range->vector, catalog);
  if (const auto* subquery = expr.as<Subquery>()) return label_set(*subquery->expr, catalog);
  if (const auto* call = expr.as<Call>()) return of_call(*call, catalog);
  if (const auto* aggregation = expr.as<Aggregation>()) return of_aggregation(*aggregation, catalog);
  if (const auto* binary = expr.as<Binary>()) return of_binary(*binary, catalog);
  if (const auto* unary = expr.as<Unary>()) return label_set(*unary->expr, catalog);
  if (const auto* inner = expr.as<Parenthesised>()) return label_set(*inner->expr, catalog);
  return nothing();
}

std::string metric_of(const VectorSelector& selector) {
  for (const Matcher& matcher : selector.matchers)
    if (matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal) return matcher.value();
  return "";
}

}  // namespace pgvigil::rules
