#include "rules/explain/explain.h"

#include "rules/explain/emptiness.h"
#include "rules/promql/printer.h"

namespace pgvigil::rules {
namespace {

using namespace promql;

/// Fills in what a value shows of itself.
class Shower {
 public:
  Shower(ExplainedNode& node, std::size_t most) : node_(node), most_(most) {}

  void operator()(const ScalarValue& scalar) {
    node_.series = 1;
    node_.shown.push_back({Labels::none(), scalar.point.v, 1, scalar.point.t_ms, scalar.point.t_ms});
  }
  void operator()(const StringValue&) {}
  void operator()(const Vector& vector) {
    node_.series = vector.size();
    for (const Sample& sample : vector) {
      if (node_.shown.size() == most_) return;
      node_.shown.push_back({sample.labels, sample.point.v, 1, sample.point.t_ms, sample.point.t_ms});
    }
  }
  void operator()(const Matrix& matrix) {
    node_.series = matrix.size();
    for (const Series& series : matrix) {
      node_.samples += series.points.size();
      if (node_.shown.size() == most_ || series.points.empty()) continue;
      const Point& first = series.points.front();
      const Point& last = series.points.back();
      node_.shown.push_back({series.labels, last.v, series.points.size(), first.t_ms, last.t_ms});
    }
  }

 private:
  ExplainedNode& node_;
  std::size_t most_;
};

void add_parts(const Expr& expr, std::size_t level, PartValues& values, std::vector<ExplainedNode>& nodes) {
  const Expr& part = without_parentheses(expr);
  ExplainedNode node{level, head_text(part), to_string(part), part.type};
  const Expected<Value>& value = values.of(part);
  if (value)
    std::visit(Shower(node, values.context().most_series), *value);
  else
    node.error = to_string(value.error());
  node.why_empty = why_empty(part, values);
  nodes.push_back(std::move(node));
  for (const Expr* below : parts_below(part))
    add_parts(*below, level + 1, values, nodes);
}

std::size_t count_parts(const Expr& part) {
  std::size_t count = 1;
  for (const Expr* below : parts_below(part))
    count += count_parts(*below);
  return count;
}

std::string verdict_of(const Expr& expr, PartValues& values) {
  const Expr& whole = without_parentheses(expr);
  const Expected<Value>& value = values.of(whole);
  if (!value) return "The expression fails: " + to_string(value.error()) + ".";
  if (!values.is_empty(whole)) return "The expression holds.";
  std::string reasons;
  for (const Expr* part : where_empty(whole, values)) {
    reasons += reasons.empty() ? "" : "; and ";
    if (part != &whole) reasons += "`" + to_string(*part) + "` gives nothing: ";
    reasons += why_empty(*part, values);
  }
  return "The expression gives nothing: " + reasons + ".";
}

}  // namespace

Explanation explain(const Expr& expr, const ExplainContext& context, std::int64_t t_ms) {
  PartValues values(context, t_ms);
  Explanation explanation{t_ms};
  const std::size_t parts = count_parts(without_parentheses(expr));
  if (parts > context.most_parts) {
    explanation.verdict = "The expression has " + std::to_string(parts) + " parts, and only up to " +
                          std::to_string(context.most_parts) + " are explained.";
    return explanation;
  }
  add_parts(expr, 0, values, explanation.nodes);
  explanation.verdict = verdict_of(expr, values);
  return explanation;
}

}  // namespace pgvigil::rules
