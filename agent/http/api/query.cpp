#include "agent/http/api/query.h"

#include <algorithm>
#include <variant>

#include "agent/http/api/answer.h"
#include "agent/http/api/parameters.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace pgvigil::agent::api {
namespace {

using promql::Expr;

constexpr std::int64_t k_most_points = 11'000;

/// Whether a query must end, and why.
class Patience {
 public:
  Patience(const Request& request, std::chrono::milliseconds timeout)
      : deadline_(request.complete_at + timeout), abandoned_(request.abandoned) {}

  bool is_over() {
    if (!over_ && abandoned_()) over_ = {ErrorType::canceled, "query was canceled in expression evaluation"};
    if (!over_ && Deadline::clock::now() >= deadline_)
      over_ = {ErrorType::timeout, "query timed out in expression evaluation"};
    return over_.has_value();
  }
  const std::optional<ApiError>& over() const { return over_; }

 private:
  Deadline deadline_;
  const std::function<bool()>& abandoned_;
  std::optional<ApiError> over_;
};

/// What query and query_range have in common.
struct Asked {
  std::string text;
  promql::ExprPtr expr;
  std::chrono::milliseconds timeout{};
  std::optional<std::size_t> limit;
  promql::QueryOptions options;
};

Parsed<promql::ExprPtr> expression_of(const Request& request) {
  auto expr = promql::parse_expression(request.parameter("query").value_or(""));
  if (!expr) return invalid_parameter("query", promql::to_string(expr.error()));
  return std::move(*expr);
}

Parsed<Asked> asked_of(const Request& request, const QueryLimits& limits) {
  Asked asked{.text = request.parameter("query").value_or(""), .expr = {}, .limit = {}, .options = {}};
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  asked.limit = *limit;
  const auto timeout = optional_duration(request, "timeout");
  if (!timeout) return std::unexpected(timeout.error());
  asked.timeout =
      std::min(std::chrono::milliseconds(timeout->value_or(limits.timeout.count())), limits.timeout);
  const auto lookback = optional_duration(request, "lookback_delta");
  if (!lookback) return std::unexpected(lookback.error());
  if (lookback->value_or(0) > 0) asked.options.lookback_ms = **lookback;
  asked.options.limits.samples = limits.max_samples;
  auto expr = expression_of(request);
  if (!expr) return std::unexpected(expr.error());
  asked.expr = std::move(*expr);
  return asked;
}

ApiError api_error(const promql::Error& error) {
  switch (error.fault) {
    case promql::Fault::parse:
      return {ErrorType::bad_data, promql::to_string(error)};
    case promql::Fault::storage:
      return {ErrorType::internal, promql::to_string(error)};
    case promql::Fault::evaluation:
    case promql::Fault::limit:
    case promql::Fault::unsupported:
      break;
  }
  return {ErrorType::execution, promql::to_string(error)};
}

/// Keeps the first `limit` elements; true when there were more.
template <typename Elements>
bool truncate(Elements& elements, std::size_t limit) {
  if (elements.size() <= limit) return false;
  elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(limit), elements.end());
  return true;
}

bool truncate_value(promql::Value& value, std::optional<std::size_t> limit) {
  if (!limit) return false;
  if (auto* vector = std::get_if<promql::Vector>(&value)) return truncate(*vector, *limit);
  if (auto* matrix = std::get_if<promql::Matrix>(&value)) return truncate(*matrix, *limit);
  return false;
}

/// Writes a value as {"resultType":...,"result":...}.
class ValueWriter {
 public:
  explicit ValueWriter(JsonWriter& json) : json_(json) {}

  void operator()(const promql::ScalarValue& scalar) { head("scalar").scalar(scalar.point); }
  void operator()(const promql::StringValue& string) {
    head("string").timed_string(string.t_ms, string.text);
  }
  void operator()(const promql::Vector& vector) {
    head("vector").begin_array();
    for (const promql::Sample& sample : vector) {
      json_.begin_object().key("metric").labels(*sample.labels);
      json_.key("value").sample(sample.point).end_object();
    }
    json_.end_array();
  }
  void operator()(const promql::Matrix& matrix) {
    head("matrix").begin_array();
    for (const promql::Series& series : matrix) {
      if (json_.too_large()) break;
      json_.begin_object().key("metric").labels(*series.labels).key("values").begin_array();
      for (const promql::Point& point : series.points)
        json_.sample(point);
      json_.end_array().end_object();
    }
    json_.end_array();
  }

 private:
  JsonWriter& head(std::string_view type) { return json_.key("resultType").string(type).key("result"); }
  JsonWriter& json_;
};

Notes notes_of(const promql::QueryResult& result, std::string_view text) {
  Notes notes;
  for (const promql::Annotation& annotation : result.annotations)
    (annotation.severity == promql::Severity::info ? notes.infos : notes.warnings)
        .push_back(promql::to_string(annotation, text));
  return notes;
}

/// Evaluates with `evaluate`, which is given the options, and answers.
template <typename Evaluate>
Response evaluated(const Data& data, const Request& request, Asked asked, Evaluate evaluate) {
  Patience patience(request, asked.timeout);
  if (patience.is_over()) return error_answer(*patience.over());
  asked.options.cancelled = [&] { return patience.is_over(); };
  promql::Expected<promql::QueryResult> result = evaluate(*asked.expr, asked.options);
  if (patience.over()) return error_answer(*patience.over());
  if (!result) return error_answer(api_error(result.error()));
  Notes notes = notes_of(*result, asked.text);
  if (truncate_value(result->value, asked.limit)) notes.warnings.emplace_back(k_truncated);
  return answer(
      data.limits().max_response,
      [&](JsonWriter& json) {
        json.begin_object();
        std::visit(ValueWriter(json), result->value);
        json.end_object();
      },
      notes);
}

struct Range {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;
};

Parsed<Range> range_of(const Request& request) {
  const auto start = required_time(request, "start");
  if (!start) return std::unexpected(start.error());
  const auto end = required_time(request, "end");
  if (!end) return std::unexpected(end.error());
  if (*end < *start) return invalid_parameter("end", "end timestamp must not be before start time");
  const auto step = optional_duration(request, "step");
  if (!step) return std::unexpected(step.error());
  if (!*step) return invalid_parameter("step", "cannot parse \"\" to a valid duration");
  if (**step <= 0)
    return invalid_parameter(
        "step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
  if ((*end - *start) / **step > k_most_points)
    return std::unexpected(ApiError{ErrorType::bad_data,
                                    "exceeded maximum resolution of 11,000 points per timeseries. Try "
                                    "decreasing the query resolution (?step=XX)"});
  return Range{*start, *end, **step};
}

}  // namespace

Response query(const Data& data, const Request& request) {
  const auto time = optional_time(request, "time", unix_milliseconds(data.now()));
  if (!time) return error_answer(time.error());
  auto asked = asked_of(request, data.limits());
  if (!asked) return error_answer(asked.error());
  return evaluated(data, request, std::move(*asked),
                   [&](const Expr& expr, const promql::QueryOptions& options) {
                     return promql::evaluate_instant(expr, data.storage(), *time, options);
                   });
}

Response query_range(const Data& data, const Request& request) {
  const auto range = range_of(request);
  if (!range) return error_answer(range.error());
  auto asked = asked_of(request, data.limits());
  if (!asked) return error_answer(asked.error());
  if (asked->expr->type != promql::ValueType::scalar && asked->expr->type != promql::ValueType::vector)
    return error_answer({ErrorType::bad_data, "invalid parameter \"query\": invalid expression type \"" +
                                                  std::string(promql::documented_name(asked->expr->type)) +
                                                  "\" for range query, must be Scalar or instant Vector"});
  // One more than a series may have points: the border itself is allowed, as in Prometheus.
  asked->options.limits.steps = k_most_points + 1;
  return evaluated(data, request, std::move(*asked),
                   [&](const Expr& expr, const promql::QueryOptions& options) {
                     return promql::evaluate_range(expr, data.storage(), range->start_ms, range->end_ms,
                                                   range->step_ms, options);
                   });
}

Response format_query(const Request& request) {
  const auto expr = expression_of(request);
  if (!expr) return error_answer(expr.error());
  return answer([&](JsonWriter& json) { json.string(promql::to_pretty_string(**expr)); });
}

}  // namespace pgvigil::agent::api
