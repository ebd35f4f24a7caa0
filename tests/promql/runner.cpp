#include "tests/promql/runner.h"

#include <algorithm>
#include <array>

#include "rules/promql/engine.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/promql/compare.h"

namespace pgvigil::promql::conformance {
namespace {

enum class Outcome : std::uint8_t { passed, failed, unsupported };

struct CaseResult {
  Outcome outcome = Outcome::passed;
  std::string why = {};
};

constexpr std::int64_t k_minute_ms = 60'000;

/// Pins the outermost selectors and subqueries that have no @ to `t_ms`. False when the expression contains a
/// function whose value depends on the time of evaluation all the same.
bool pin(Expr& expr, std::int64_t t_ms) {
  auto pin_shift = [&](TimeShift& shift) {
    if (!shift.has_at()) shift.at_ms = t_ms;
    return true;
  };
  if (auto* selector = expr.as<VectorSelector>()) return pin_shift(selector->shift);
  if (auto* selector = expr.as<MatrixSelector>()) return pin_shift(selector->vector.shift);
  if (auto* subquery = expr.as<Subquery>()) return pin_shift(subquery->shift);
  if (auto* unary = expr.as<Unary>()) return pin(*unary->expr, t_ms);
  if (auto* inner = expr.as<Parenthesised>()) return pin(*inner->expr, t_ms);
  if (auto* binary = expr.as<Binary>()) return pin(*binary->left, t_ms) && pin(*binary->right, t_ms);
  if (auto* aggregation = expr.as<Aggregation>()) {
    return (aggregation->parameter == nullptr || pin(*aggregation->parameter, t_ms)) &&
           pin(*aggregation->expr, t_ms);
  }
  if (auto* call = expr.as<Call>()) {
    return !call->function->depends_on_time &&
           std::all_of(call->arguments.begin(), call->arguments.end(),
                       [&](ExprPtr& argument) { return pin(*argument, t_ms); });
  }
  return true;
}

bool depends_on_query_times(std::string_view expr) {
  constexpr std::array<std::string_view, 4> k_words = {"start()", "end()", "range()", "step()"};
  return std::any_of(k_words.begin(), k_words.end(),
                     [&](std::string_view word) { return expr.find(word) != expr.npos; });
}

/// The step at `t_ms` of a range query's result, as an instant query would give it.
Value step_of(const Matrix& matrix, std::int64_t t_ms, bool scalar) {
  Vector vector;
  for (const Series& series : matrix) {
    for (const Point& point : series.points) {
      if (point.t_ms == t_ms) vector.push_back({series.labels, point});
    }
  }
  if (scalar && vector.size() == 1) return ScalarValue{vector.front().point};
  return vector;
}

class Runner {
 public:
  Report run(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (std::holds_alternative<Clear>(command.what)) storage_.clear();
      if (const auto* load = std::get_if<Load>(&command.what)) run_load(*load);
      if (const auto* evaluation = std::get_if<Evaluation>(&command.what))
        count(*evaluation, run_case(*evaluation));
    }
    return std::move(report_);
  }

 private:
  void count(const Evaluation& evaluation, CaseResult result) {
    switch (result.outcome) {
      case Outcome::passed:
        ++report_.tally.passed;
        break;
      case Outcome::unsupported:
        ++report_.tally.unsupported;
        break;
      case Outcome::failed:
        ++report_.tally.failed;
        report_.failures.push_back({evaluation.line, evaluation.expr, std::move(result.why)});
        break;
    }
  }

  void run_load(const Load& load) {
    for (const LoadedSeries& loaded : load.series) {
      const LabelsPtr& labels = loaded.series.labels;
      LabelsPtr native = load.with_native_histograms ? native_labels(labels) : nullptr;
      std::vector<Point> points;
      std::int64_t t_ms = 0;
      for (const SequenceValue& value : loaded.series.values) {
        bool number = value.kind == SequenceValue::Kind::number;
        if (number) points.push_back({t_ms, value.value});
        if (value.kind == SequenceValue::Kind::histogram || (number && loaded.has_start_times)) {
          storage_.add_histogram(labels, t_ms);
        }
        if (number && native != nullptr) storage_.add_histogram(native, t_ms);
        t_ms += load.step_ms;
      }
      storage_.floats().append(labels, points);
    }
  }

  /// The labels of the native histogram that a series of a classic one becomes a part of; null for other
  /// series.
  static LabelsPtr native_labels(const LabelsPtr& labels) {
    std::string_view name = labels->metric_name();
    for (std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      name.remove_suffix(suffix.size());
      return LabelsBuilder(*labels).set(k_metric_name, name).erase(k_bucket_label).build();
    }
    return nullptr;
  }

  CaseResult run_case(const Evaluation& evaluation) {
    if (evaluation.mentions_histograms) return {Outcome::unsupported};
    Expected<ExprPtr> expr = parse_expression(evaluation.expr);
    if (!expr) return judge_error(evaluation, expr.error());
    storage_.forget();
    Expected<QueryResult> result =
        evaluation.is_range
            ? evaluate_range(**expr, storage_, evaluation.start_ms, evaluation.end_ms, evaluation.step_ms)
            : evaluate_instant(**expr, storage_, evaluation.start_ms);
    if (storage_.touched()) return {Outcome::unsupported};
    if (!result) {
      CaseResult judged = judge_error(evaluation, result.error());
      return judged.outcome == Outcome::passed ? run_variants(evaluation, **expr) : judged;
    }
    if (CaseResult judged = judge(evaluation, *result, ""); judged.outcome != Outcome::passed) return judged;
    return run_variants(evaluation, **expr);
  }

  static CaseResult judge_error(const Evaluation& evaluation, const Error& error) {
    if (error.fault == Fault::unsupported) return {Outcome::unsupported};
    Verdict verdict = compare_failure(evaluation, error);
    return verdict ? CaseResult{} : CaseResult{Outcome::failed, verdict.error()};
  }

  static CaseResult judge(const Evaluation& evaluation,
                          const QueryResult& result,
                          const std::string& variant) {
    if (evaluation.fails) return {Outcome::failed, "expected: an error" + variant + "\n  got:      a result"};
    Verdict verdict = compare_annotations(evaluation, result.annotations);
    if (verdict) verdict = compare_value(evaluation, result.value);
    return verdict ? CaseResult{} : CaseResult{Outcome::failed, verdict.error() + variant};
  }

  CaseResult run_variants(const Evaluation& evaluation, const Expr& expr) {
    std::string printed = to_string(expr);
    if (Expected<ExprPtr> again = parse_expression(printed); !again || to_string(**again) != printed) {
      return {Outcome::failed, "printed as " + printed + ", which does not parse to the same"};
    }
    if (evaluation.is_range) return {};
    std::vector<std::pair<std::string, std::int64_t>> queries = {{evaluation.expr, evaluation.start_ms}};
    Expected<ExprPtr> pinned = parse_expression(evaluation.expr);
    if (pinned && pin(**pinned, evaluation.start_ms)) {
      std::int64_t t = evaluation.start_ms;
      std::vector<std::int64_t> times = {-10 * t, 0, t / 5, t, 10 * t};
      if (t == 0) times = {-1000, 0, 1000};
      for (std::int64_t time : times)
        queries.emplace_back(to_string(**pinned), time);
    }
    for (const auto& [query, t_ms] : queries) {
      if (CaseResult result = run_variant(evaluation, query, t_ms); result.outcome != Outcome::passed)
        return result;
    }
    return {};
  }

  CaseResult run_variant(const Evaluation& evaluation, const std::string& query, std::int64_t t_ms) {
    std::string variant = "\n  as " + query + " at " + std::to_string(t_ms) + " ms";
    Expected<ExprPtr> expr = parse_expression(query);
    if (!expr) return {Outcome::failed, "does not parse" + variant + ": " + to_string(expr.error())};
    Expected<QueryResult> result = evaluate_instant(**expr, storage_, t_ms);
    if (!result) {
      CaseResult judged = judge_error(evaluation, result.error());
      return judged.outcome == Outcome::passed ? judged : CaseResult{Outcome::failed, judged.why + variant};
    }
    if (CaseResult judged = judge(evaluation, *result, variant); judged.outcome != Outcome::passed)
      return judged;
    bool excluded =
        evaluation.range_vector || evaluation.text || evaluation.ordered || depends_on_query_times(query);
    if (excluded) return {};
    Expected<QueryResult> steps =
        evaluate_range(**expr, storage_, t_ms - k_minute_ms, t_ms + k_minute_ms, k_minute_ms);
    if (!steps)
      return {Outcome::failed, "error: " + to_string(steps.error()) + variant + " as a range query"};
    bool scalar = std::holds_alternative<ScalarValue>(result->value);
    Verdict verdict = compare_value(evaluation, step_of(std::get<Matrix>(steps->value), t_ms, scalar));
    return verdict ? CaseResult{}
                   : CaseResult{Outcome::failed, verdict.error() + variant + " as a range query"};
  }

  HistogramWatch storage_;
  Report report_;
};

}  // namespace

Report run_script(const std::vector<Command>& commands) {
  return Runner().run(commands);
}

}  // namespace pgvigil::promql::conformance
