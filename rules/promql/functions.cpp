#include "rules/promql/functions.h"

#include <algorithm>
#include <array>

#include "rules/promql/function_library.h"

namespace pgvigil::promql {
namespace {

constexpr ValueType k_of_scalar = ValueType::scalar;
constexpr ValueType k_of_vector = ValueType::vector;
constexpr ValueType k_of_matrix = ValueType::matrix;
constexpr ValueType k_of_string = ValueType::string;

constexpr std::array k_scalar = {k_of_scalar};
constexpr std::array k_vector = {k_of_vector};
constexpr std::array k_matrix = {k_of_matrix};
constexpr std::array k_vector_scalar = {k_of_vector, k_of_scalar};
constexpr std::array k_vector_two_scalars = {k_of_vector, k_of_scalar, k_of_scalar};
constexpr std::array k_vector_string = {k_of_vector, k_of_string};
constexpr std::array k_vector_string_two_scalars = {k_of_vector, k_of_string, k_of_scalar, k_of_scalar};
constexpr std::array k_two_scalars = {k_of_scalar, k_of_scalar};
constexpr std::array k_scalar_vector = {k_of_scalar, k_of_vector};
constexpr std::array k_two_scalars_vector = {k_of_scalar, k_of_scalar, k_of_vector};
constexpr std::array k_scalar_matrix = {k_of_scalar, k_of_matrix};
constexpr std::array k_matrix_scalar = {k_of_matrix, k_of_scalar};
constexpr std::array k_matrix_two_scalars = {k_of_matrix, k_of_scalar, k_of_scalar};
constexpr std::array k_label_join = {k_of_vector, k_of_string, k_of_string, k_of_string};
constexpr std::array k_label_replace = {k_of_vector, k_of_string, k_of_string, k_of_string, k_of_string};

using Types = std::span<const ValueType>;

constexpr Function sample(std::string_view name,
                          Types arguments,
                          SampleFunction implementation,
                          int variadic = 0) {
  return {.name = name,
          .argument_types = arguments,
          .variadic = variadic,
          .kind = FunctionKind::sample,
          .sample = implementation};
}

constexpr Function date(std::string_view name, SampleFunction implementation) {
  return {.name = name,
          .argument_types = k_vector,
          .variadic = 1,
          .kind = FunctionKind::date,
          .sample = implementation,
          .depends_on_time = true};
}

constexpr Function range(std::string_view name, Types arguments, RangeFunction implementation) {
  return {.name = name, .argument_types = arguments, .kind = FunctionKind::range, .range = implementation};
}

constexpr Function vector(std::string_view name,
                          Types arguments,
                          VectorFunction implementation,
                          int variadic = 0) {
  return {.name = name,
          .argument_types = arguments,
          .variadic = variadic,
          .kind = FunctionKind::vector,
          .vector = implementation};
}

constexpr Function scalar(std::string_view name, Types arguments, ScalarFunction implementation) {
  return {.name = name,
          .argument_types = arguments,
          .returns = ValueType::scalar,
          .kind = FunctionKind::scalar,
          .scalar = implementation};
}

constexpr Function unsupported(std::string_view name, std::string_view reason) {
  return {.name = name, .argument_types = {}, .kind = FunctionKind::unsupported, .reason = reason};
}

constexpr Function keeping_name(Function function) {
  function.keeps_name = true;
  return function;
}

constexpr Function depending_on_time(Function function) {
  function.depends_on_time = true;
  return function;
}

constexpr std::array k_functions = {
    sample("abs", k_vector, math_abs),
    vector("absent", k_vector, presence_absent),
    vector("absent_over_time", k_matrix, presence_absent_over_time),
    sample("acos", k_vector, math_acos),
    sample("acosh", k_vector, math_acosh),
    sample("asin", k_vector, math_asin),
    sample("asinh", k_vector, math_asinh),
    sample("atan", k_vector, math_atan),
    sample("atanh", k_vector, math_atanh),
    range("avg_over_time", k_matrix, over_time_avg),
    sample("ceil", k_vector, math_ceil),
    range("changes", k_matrix, rate_changes),
    sample("clamp", k_vector_two_scalars, math_clamp),
    sample("clamp_max", k_vector_scalar, math_clamp_max),
    sample("clamp_min", k_vector_scalar, math_clamp_min),
    sample("cos", k_vector, math_cos),
    sample("cosh", k_vector, math_cosh),
    range("count_over_time", k_matrix, over_time_count),
    date("day_of_month", date_day_of_month),
    date("day_of_week", date_day_of_week),
    date("day_of_year", date_day_of_year),
    date("days_in_month", date_days_in_month),
    sample("deg", k_vector, math_deg),
    range("delta", k_matrix, rate_delta),
    range("deriv", k_matrix, trend_deriv),
    range("double_exponential_smoothing", k_matrix_two_scalars, trend_double_exponential_smoothing),
    sample("exp", k_vector, math_exp),
    keeping_name(range("first_over_time", k_matrix, over_time_first)),
    sample("floor", k_vector, math_floor),
    unsupported("histogram_avg", "it works on native histograms only"),
    unsupported("histogram_count", "it works on native histograms only"),
    vector("histogram_fraction", k_two_scalars_vector, histogram_fraction),
    vector("histogram_quantile", k_scalar_vector, histogram_quantile),
    vector("histogram_quantiles", k_vector_string_two_scalars, histogram_quantiles, 10),
    unsupported("histogram_stddev", "it works on native histograms only"),
    unsupported("histogram_stdvar", "it works on native histograms only"),
    unsupported("histogram_sum", "it works on native histograms only"),
    range("holt_winters", k_matrix_two_scalars, trend_double_exponential_smoothing),
    date("hour", date_hour),
    range("idelta", k_matrix, rate_idelta),
    range("increase", k_matrix, rate_increase),
    unsupported("info", "info metrics are not joined by this engine"),
    range("irate", k_matrix, rate_irate),
    vector("label_join", k_label_join, label_join, -1),
    vector("label_replace", k_label_replace, label_replace),
    keeping_name(range("last_over_time", k_matrix, over_time_last)),
    sample("ln", k_vector, math_ln),
    sample("log10", k_vector, math_log10),
    sample("log2", k_vector, math_log2),
    range("mad_over_time", k_matrix, over_time_mad),
    scalar("max_of", k_two_scalars, presence_max_of),
    range("max_over_time", k_matrix, over_time_max),
    scalar("min_of", k_two_scalars, presence_min_of),
    range("min_over_time", k_matrix, over_time_min),
    date("minute", date_minute),
    date("month", date_month),
    scalar("pi", {}, presence_pi),
    depending_on_time(range("predict_linear", k_matrix_scalar, trend_predict_linear)),
    range("present_over_time", k_matrix, over_time_present),
    range("quantile_over_time", k_scalar_matrix, over_time_quantile),
    sample("rad", k_vector, math_rad),
    range("rate", k_matrix, rate_rate),
    range("resets", k_matrix, rate_resets),
    sample("round", k_vector_scalar, math_round, 1),
    scalar("scalar", k_vector, presence_scalar),
    sample("sgn", k_vector, math_sgn),
    sample("sin", k_vector, math_sin),
    sample("sinh", k_vector, math_sinh),
    vector("sort", k_vector, sort_ascending),
    vector("sort_by_label", k_vector_string, sort_by_label, -1),
    vector("sort_by_label_desc", k_vector_string, sort_by_label_descending, -1),
    vector("sort_desc", k_vector, sort_descending),
    sample("sqrt", k_vector, math_sqrt),
    range("stddev_over_time", k_matrix, over_time_stddev),
    range("stdvar_over_time", k_matrix, over_time_stdvar),
    range("sum_over_time", k_matrix, over_time_sum),
    sample("tan", k_vector, math_tan),
    sample("tanh", k_vector, math_tanh),
    depending_on_time(scalar("time", {}, time_time)),
    depending_on_time(vector("timestamp", k_vector, time_timestamp)),
    range("ts_of_first_over_time", k_matrix, over_time_ts_of_first),
    range("ts_of_last_over_time", k_matrix, over_time_ts_of_last),
    range("ts_of_max_over_time", k_matrix, over_time_ts_of_max),
    range("ts_of_min_over_time", k_matrix, over_time_ts_of_min),
    vector("vector", k_scalar, presence_vector),
    date("year", date_year),
};

constexpr auto by_name = [](const Function& a, const Function& b) { return a.name < b.name; };
static_assert(std::is_sorted(k_functions.begin(), k_functions.end(), by_name));

}  // namespace

const Function* find_function(std::string_view name) {
  auto found =
      std::lower_bound(k_functions.begin(), k_functions.end(), name,
                       [](const Function& function, std::string_view key) { return function.name < key; });
  return found != k_functions.end() && found->name == name ? &*found : nullptr;
}

std::span<const Function> all_functions() {
  return k_functions;
}

}  // namespace pgvigil::promql
