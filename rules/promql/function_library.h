#pragma once

#include "rules/promql/functions.h"

/// The implementations that the table in functions.cpp names, by family: one source file each.
namespace pgvigil::promql {

// functions_math.cpp: values from values
double math_abs(double value, std::span<const double> scalars);
double math_acos(double value, std::span<const double> scalars);
double math_acosh(double value, std::span<const double> scalars);
double math_asin(double value, std::span<const double> scalars);
double math_asinh(double value, std::span<const double> scalars);
double math_atan(double value, std::span<const double> scalars);
double math_atanh(double value, std::span<const double> scalars);
double math_ceil(double value, std::span<const double> scalars);
double math_clamp(double value, std::span<const double> scalars);
double math_clamp_max(double value, std::span<const double> scalars);
double math_clamp_min(double value, std::span<const double> scalars);
double math_cos(double value, std::span<const double> scalars);
double math_cosh(double value, std::span<const double> scalars);
double math_deg(double value, std::span<const double> scalars);
double math_exp(double value, std::span<const double> scalars);
double math_floor(double value, std::span<const double> scalars);
double math_ln(double value, std::span<const double> scalars);
double math_log10(double value, std::span<const double> scalars);
double math_log2(double value, std::span<const double> scalars);
double math_rad(double value, std::span<const double> scalars);
double math_round(double value, std::span<const double> scalars);
double math_sgn(double value, std::span<const double> scalars);
double math_sin(double value, std::span<const double> scalars);
double math_sinh(double value, std::span<const double> scalars);
double math_sqrt(double value, std::span<const double> scalars);
double math_tan(double value, std::span<const double> scalars);
double math_tanh(double value, std::span<const double> scalars);

// functions_time.cpp: parts of dates (UTC) and times
double date_day_of_month(double seconds, std::span<const double> scalars);
double date_day_of_week(double seconds, std::span<const double> scalars);
double date_day_of_year(double seconds, std::span<const double> scalars);
double date_days_in_month(double seconds, std::span<const double> scalars);
double date_hour(double seconds, std::span<const double> scalars);
double date_minute(double seconds, std::span<const double> scalars);
double date_month(double seconds, std::span<const double> scalars);
double date_year(double seconds, std::span<const double> scalars);
Expected<Block> time_timestamp(Evaluator& evaluator, const Call& call);
Expected<std::vector<double>> time_time(Evaluator& evaluator, const Call& call);

// functions_rate.cpp: how fast a counter or a gauge changes
double rate_changes(const RangeWindow& window, RangeNotes& notes);
double rate_delta(const RangeWindow& window, RangeNotes& notes);
double rate_idelta(const RangeWindow& window, RangeNotes& notes);
double rate_increase(const RangeWindow& window, RangeNotes& notes);
double rate_irate(const RangeWindow& window, RangeNotes& notes);
double rate_rate(const RangeWindow& window, RangeNotes& notes);
double rate_resets(const RangeWindow& window, RangeNotes& notes);

// functions_trend.cpp: lines and smoothed curves through samples
double trend_deriv(const RangeWindow& window, RangeNotes& notes);
double trend_double_exponential_smoothing(const RangeWindow& window, RangeNotes& notes);
double trend_predict_linear(const RangeWindow& window, RangeNotes& notes);

// functions_over_time.cpp: one value from the samples of a window
double over_time_avg(const RangeWindow& window, RangeNotes& notes);
double over_time_count(const RangeWindow& window, RangeNotes& notes);
double over_time_first(const RangeWindow& window, RangeNotes& notes);
double over_time_last(const RangeWindow& window, RangeNotes& notes);
double over_time_mad(const RangeWindow& window, RangeNotes& notes);
double over_time_max(const RangeWindow& window, RangeNotes& notes);
double over_time_min(const RangeWindow& window, RangeNotes& notes);
double over_time_present(const RangeWindow& window, RangeNotes& notes);
double over_time_quantile(const RangeWindow& window, RangeNotes& notes);
double over_time_stddev(const RangeWindow& window, RangeNotes& notes);
double over_time_stdvar(const RangeWindow& window, RangeNotes& notes);
double over_time_sum(const RangeWindow& window, RangeNotes& notes);
double over_time_ts_of_first(const RangeWindow& window, RangeNotes& notes);
double over_time_ts_of_last(const RangeWindow& window, RangeNotes& notes);
double over_time_ts_of_max(const RangeWindow& window, RangeNotes& notes);
double over_time_ts_of_min(const RangeWindow& window, RangeNotes& notes);

// functions_label.cpp: labels and the order of series
Expected<Block> label_join(Evaluator& evaluator, const Call& call);
Expected<Block> label_replace(Evaluator& evaluator, const Call& call);
Expected<Block> sort_ascending(Evaluator& evaluator, const Call& call);
Expected<Block> sort_by_label(Evaluator& evaluator, const Call& call);
Expected<Block> sort_by_label_descending(Evaluator& evaluator, const Call& call);
Expected<Block> sort_descending(Evaluator& evaluator, const Call& call);

// functions_histogram.cpp: classic histograms
Expected<Block> histogram_fraction(Evaluator& evaluator, const Call& call);
Expected<Block> histogram_quantile(Evaluator& evaluator, const Call& call);
Expected<Block> histogram_quantiles(Evaluator& evaluator, const Call& call);

// functions_presence.cpp: series that are not there, and scalars as vectors
Expected<Block> presence_absent(Evaluator& evaluator, const Call& call);
Expected<Block> presence_absent_over_time(Evaluator& evaluator, const Call& call);
Expected<Block> presence_vector(Evaluator& evaluator, const Call& call);
Expected<std::vector<double>> presence_scalar(Evaluator& evaluator, const Call& call);
Expected<std::vector<double>> presence_pi(Evaluator& evaluator, const Call& call);
Expected<std::vector<double>> presence_max_of(Evaluator& evaluator, const Call& call);
Expected<std::vector<double>> presence_min_of(Evaluator& evaluator, const Call& call);

/// The text of a string argument.
const std::string& string_argument(const Call& call, std::size_t i);

}  // namespace pgvigil::promql
