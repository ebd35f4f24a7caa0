#include <chrono>
#include <cmath>
#include <optional>

#include "rules/promql/evaluator.h"
#include "rules/promql/function_library.h"

namespace pgvigil::promql {
namespace {

struct Moment {
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::int64_t second_of_day;
};

/// The moment of Unix seconds; nothing for NaN, Inf and years that the calendar does not reach.
std::optional<Moment> moment_of(double seconds) {
  constexpr double k_bound = 9e11;  // about the year 30000
  if (!(std::abs(seconds) < k_bound)) return std::nullopt;
  std::chrono::sys_seconds time{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
  auto day = std::chrono::floor<std::chrono::days>(time);
  return Moment{day, std::chrono::year_month_day(day), (time - day).count()};
}

template <typename Part>
double part_of(double seconds, Part part) {
  std::optional<Moment> moment = moment_of(seconds);
  return moment ? static_cast<double>(part(*moment)) : k_nan;
}

}  // namespace

double date_day_of_month(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return static_cast<unsigned>(moment.date.day()); });
}

double date_day_of_week(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return std::chrono::weekday(moment.day).c_encoding(); });
}

double date_day_of_year(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) {
    std::chrono::sys_days first = moment.date.year() / std::chrono::January / 1;
    return (moment.day - first).count() + 1;
  });
}

double date_days_in_month(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) {
    std::chrono::year_month_day_last last = moment.date.year() / moment.date.month() / std::chrono::last;
    return static_cast<unsigned>(last.day());
  });
}

double date_hour(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return moment.second_of_day / 3600; });
}

double date_minute(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return moment.second_of_day / 60 % 60; });
}

double date_month(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return static_cast<unsigned>(moment.date.month()); });
}

double date_year(double seconds, std::span<const double>) {
  return part_of(seconds, [](const Moment& moment) { return static_cast<int>(moment.date.year()); });
}

/// Of a selector the times of its samples; of anything computed the time of evaluation.
Expected<Block> time_timestamp(Evaluator& evaluator, const Call& call) {
  const Expr& argument = without_parentheses(*call.arguments.front());
  const auto* selector = argument.as<VectorSelector>();
  Expected<Block> block = selector != nullptr ? evaluator.select_instant(*selector, Evaluator::Taken::time)
                                              : evaluator.vector(argument);
  if (!block) return block;
  for (std::size_t i = 0; i < block->size(); ++i) {
    block->row(i).drop_name = true;
    std::span<double> cells = block->cells(i);
    for (std::size_t step = 0; selector == nullptr && step < cells.size(); ++step) {
      if (!is_absent(cells[step])) cells[step] = static_cast<double>(evaluator.grid().at(step)) / 1000;
    }
  }
  return block;
}

Expected<std::vector<double>> time_time(Evaluator& evaluator, const Call&) {
  std::vector<double> values(evaluator.grid().steps);
  for (std::size_t step = 0; step < values.size(); ++step) {
    values[step] = static_cast<double>(evaluator.grid().at(step)) / 1000;
  }
  return values;
}

}  // namespace pgvigil::promql
