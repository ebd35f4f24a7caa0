#pragma once

#include <unordered_map>

#include "rules/explain/explain.h"

namespace pgvigil::rules {

/// The values of an expression's parts at one time, each evaluated once.
class PartValues {
 public:
  PartValues(const ExplainContext& context, std::int64_t t_ms) : context_(context), t_ms_(t_ms) {}

  const promql::Expected<promql::Value>& of(const promql::Expr& part);
  /// Its series; none when it failed, or is no instant vector.
  const promql::Vector& vector(const promql::Expr& part);
  /// Of a scalar; NaN when it is none.
  double scalar(const promql::Expr& part);
  /// Whether it is a vector without series, and no failure.
  bool is_empty(const promql::Expr& part);

  const ExplainContext& context() const { return context_; }
  std::int64_t t_ms() const { return t_ms_; }

 private:
  const ExplainContext& context_;
  std::int64_t t_ms_;
  std::unordered_map<const promql::Expr*, promql::Expected<promql::Value>> values_;
};

/// The parts directly below `part` that are no constants, without the parentheses around them.
std::vector<const promql::Expr*> parts_below(const promql::Expr& part);

}  // namespace pgvigil::rules
