#include "rules/history/needs.h"

#include <algorithm>
#include <cmath>

namespace pgvigil::rules {
namespace {

using std::chrono::milliseconds;
using namespace promql;

constexpr milliseconds k_unknown_span{3'600'000};

milliseconds span_of(const DurationPtr& duration) {
  if (duration == nullptr) return milliseconds{0};
  if (duration->kind != DurationExpr::Kind::literal) return k_unknown_span;
  return milliseconds{std::llround(std::clamp(duration->seconds, -1e9, 1e9) * 1000)};
}

bool is_shifted(const TimeShift& shift) {
  return shift.offset != nullptr || shift.has_at();
}

/// @ names a time of its own: how far back that is, the clock decides.
milliseconds span_of(const TimeShift& shift) {
  return shift.has_at() ? k_unknown_span : std::max(span_of(shift.offset), milliseconds{0});
}

}  // namespace

void HistoryNeeds::add(const Expr& expr) {
  add_below(expr, milliseconds{0}, false);
}

void HistoryNeeds::add(std::string metric, milliseconds span) {
  milliseconds& known = by_name_[std::move(metric)];
  known = std::max(known, span);
}

void HistoryNeeds::add_selector(const VectorSelector& selector, milliseconds span) {
  for (const Matcher& matcher : selector.matchers)
    if (matcher.name() == k_metric_name && matcher.kind() == MatchKind::equal)
      return add(matcher.value(), span);
  Pattern pattern{{}, span};
  for (const Matcher& matcher : selector.matchers)
    if (matcher.name() == k_metric_name) pattern.matchers.push_back(matcher);
  patterns_.push_back(std::move(pattern));
}

void HistoryNeeds::add_below(const Expr& expr, milliseconds outer, bool past) {
  if (const auto* selector = expr.as<VectorSelector>()) {
    if (past || is_shifted(selector->shift)) add_selector(*selector, outer + span_of(selector->shift));
  } else if (const auto* range = expr.as<MatrixSelector>()) {
    add_selector(range->vector, outer + span_of(range->range) + span_of(range->vector.shift));
  } else if (const auto* subquery = expr.as<Subquery>()) {
    add_below(*subquery->expr, outer + span_of(subquery->range) + span_of(subquery->shift), true);
  } else if (const auto* call = expr.as<Call>()) {
    for (const ExprPtr& argument : call->arguments)
      add_below(*argument, outer, past);
  } else if (const auto* aggregation = expr.as<Aggregation>()) {
    add_below(*aggregation->expr, outer, past);
    if (aggregation->parameter) add_below(*aggregation->parameter, outer, past);
  } else if (const auto* binary = expr.as<Binary>()) {
    add_below(*binary->left, outer, past);
    add_below(*binary->right, outer, past);
  } else if (const auto* unary = expr.as<Unary>()) {
    add_below(*unary->expr, outer, past);
  } else if (const auto* inner = expr.as<Parenthesised>()) {
    add_below(*inner->expr, outer, past);
  }
}

milliseconds HistoryNeeds::span(std::string_view metric) const {
  const auto found = by_name_.find(metric);
  milliseconds longest = found == by_name_.end() ? milliseconds{0} : found->second;
  for (const Pattern& pattern : patterns_) {
    const bool wanted = std::ranges::all_of(pattern.matchers,
                                            [&](const Matcher& matcher) { return matcher.matches(metric); });
    if (wanted) longest = std::max(longest, pattern.span);
  }
  return longest;
}

bool HistoryNeeds::wants(std::string_view metric) const {
  return span(metric) > milliseconds{0};
}

milliseconds HistoryNeeds::longest() const {
  milliseconds longest{0};
  for (const auto& [name, span] : by_name_)
    longest = std::max(longest, span);
  for (const Pattern& pattern : patterns_)
    longest = std::max(longest, pattern.span);
  return longest;
}

}  // namespace pgvigil::rules
