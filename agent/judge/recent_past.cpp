#include "agent/judge/recent_past.h"

#include <algorithm>
#include <utility>

#include "rules/evaluation.h"
#include "rules/present.h"
#include "rules/promql/engine.h"

namespace pgvigil::agent {
namespace {

using promql::Binary;
using promql::Expr;
using promql::TokenKind;
using namespace std::chrono_literals;

constexpr auto k_step = 1min;

/// The values that a rule compares: `a / b` of `a / b > 0.9 and c`. Of `a or b` both.
void collect_compared(const Expr& expr, std::vector<const Expr*>& compared) {
  if (const auto* inner = expr.as<promql::Parenthesised>()) return collect_compared(*inner->expr, compared);
  const auto* binary = expr.as<Binary>();
  if (binary == nullptr) return compared.push_back(&expr);
  if (binary->op == TokenKind::keyword_or) {
    collect_compared(*binary->left, compared);
    return collect_compared(*binary->right, compared);
  }
  if (promql::is_set_operator(binary->op)) return collect_compared(*binary->left, compared);
  compared.push_back(promql::is_comparison(binary->op) && !binary->return_bool ? binary->left.get() : &expr);
}

bool is_of(const promql::Labels& labels, const promql::Labels& series) {
  for (std::size_t i = 0; i < series.size(); ++i)
    if (series[i].name != promql::k_metric_name && labels.get(series[i].name) != series[i].value)
      return false;
  return true;
}

std::vector<double> values_of(const promql::Series& series,
                              std::int64_t start_ms,
                              std::int64_t end_ms,
                              std::int64_t step_ms) {
  std::vector<double> values(static_cast<std::size_t>((end_ms - start_ms) / step_ms) + 1, promql::k_nan);
  for (const promql::Point& point : series.points)
    values[static_cast<std::size_t>((point.t_ms - start_ms) / step_ms)] = point.v;
  return values;
}

}  // namespace

void RecentPast::configure(const std::vector<rules::Rule>& rules) {
  metrics_.clear();
  for (const rules::Rule& rule : rules)
    if (rule.kind == rules::RuleKind::alert && rule.enabled)
      for (std::string& metric : rules::metrics_read(rule))
        metrics_.insert(std::move(metric));
}

void RecentPast::publish(const JudgedTable& table) {
  Taken& last = taken_[table.source];
  const Timestamp at = table.table->taken_at();
  if (at < last.at + k_step && at >= last.at) return;
  last.at = at;
  const auto readings = rules::readings(*table.table, table.labels,
                                        [&](std::string_view metric) { return metrics_.contains(metric); });
  last.kept = last.kept || !readings.empty();
  if (last.kept) history_.append(table.source, unix_milliseconds(at), table.lookback_ms, readings);
}

void RecentPast::withdraw(const std::string& source) {
  taken_.erase(source);
  history_.forget(source);
}

std::vector<std::vector<double>> RecentPast::lines(const rules::Rule& rule,
                                                   const std::vector<promql::LabelsPtr>& series,
                                                   Timestamp now) const {
  std::vector<std::vector<double>> lines(series.size());
  const std::int64_t step_ms = std::chrono::milliseconds(k_step).count();
  const std::int64_t end_ms = unix_milliseconds(now);
  const std::int64_t start_ms = end_ms - std::chrono::milliseconds(k_span - k_step).count();
  std::vector<const Expr*> compared;
  collect_compared(*rule.expr.tree, compared);
  for (const Expr* each : compared) {
    const auto result = promql::evaluate_range(*each, history_, start_ms, end_ms, step_ms);
    const auto* matrix = result ? std::get_if<promql::Matrix>(&result->value) : nullptr;
    if (matrix == nullptr) continue;
    for (std::size_t i = 0; i < series.size(); ++i) {
      const auto found =
          std::ranges::find_if(*matrix, [&](const auto& one) { return is_of(*one.labels, *series[i]); });
      if (lines[i].empty() && found != matrix->end()) lines[i] = values_of(*found, start_ms, end_ms, step_ms);
    }
  }
  return lines;
}

}  // namespace pgvigil::agent
