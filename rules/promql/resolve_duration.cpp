#include <algorithm>
#include <cmath>

#include "rules/promql/evaluator.h"

namespace pgvigil::promql {
namespace {

Expected<double> arithmetic(TokenKind op, double left, double right) {
  if (right == 0 && op == TokenKind::divide) return failure(Fault::evaluation, "division by zero");
  if (right == 0 && op == TokenKind::modulo) return failure(Fault::evaluation, "modulo by zero");
  return compute(op, left, right);
}

Expected<double> seconds_of(const DurationExpr& duration, const QueryContext& context) {
  switch (duration.kind) {
    case DurationExpr::Kind::literal:
      return duration.seconds;
    case DurationExpr::Kind::step:
      return static_cast<double>(context.times.step_ms) / 1000;
    case DurationExpr::Kind::range:
      return static_cast<double>(context.times.end_ms - context.times.start_ms) / 1000;
    case DurationExpr::Kind::minimum:
    case DurationExpr::Kind::maximum:
    case DurationExpr::Kind::negation:
    case DurationExpr::Kind::arithmetic:
      break;
  }
  Expected<double> right = seconds_of(*duration.right, context);
  if (!right) return right;
  if (duration.kind == DurationExpr::Kind::negation) return -*right;
  Expected<double> left = seconds_of(*duration.left, context);
  if (!left) return left;
  if (duration.kind == DurationExpr::Kind::minimum) return std::min(*left, *right);
  if (duration.kind == DurationExpr::Kind::maximum) return std::max(*left, *right);
  return arithmetic(duration.op, *left, *right);
}

}  // namespace

Expected<std::int64_t> Evaluator::resolve(const DurationPtr& duration,
                                          std::int64_t when_missing,
                                          bool may_be_negative) {
  if (duration == nullptr) return when_missing;
  Expected<double> seconds = seconds_of(*duration, context_);
  if (!seconds) return std::unexpected(seconds.error());
  constexpr double k_most_seconds = 9.2e9;  // as Go's time.Duration
  if (!(std::abs(*seconds) < k_most_seconds)) return failure(Fault::evaluation, "duration is out of range");
  auto milliseconds = static_cast<std::int64_t>(std::round(*seconds * 1e6) / 1e3);
  if (!may_be_negative && milliseconds <= 0) {
    return failure(Fault::evaluation, "duration must be greater than 0");
  }
  return milliseconds;
}

}  // namespace pgvigil::promql
