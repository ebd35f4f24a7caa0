#include "collectors/backups/judging/history.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_least_history = 5;
constexpr std::size_t k_most_history = 14;
/// A normal distribution's standard deviation, in median absolute deviations.
constexpr double k_deviations = 1.4826;
constexpr double k_beyond_chance = 4;
constexpr std::size_t k_most_points = 30;
constexpr double k_least_span = 3 * 86400;

using Bucket = int (*)(std::chrono::sys_days day);

int day_of(std::chrono::sys_days day) {
  return static_cast<int>(day.time_since_epoch().count());
}
/// 1970 began on a Thursday; weeks begin on Monday.
int week_of(std::chrono::sys_days day) {
  return (day_of(day) + 3) / 7;
}
int month_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
}
int year_of(std::chrono::sys_days day) {
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::optional<double> slope_of(std::span<const Point> points) {
  points = points.last(std::min(points.size(), k_most_points));
  if (points.size() <= k_least_history || points.back().at - points.front().at < k_least_span)
    return std::nullopt;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (points[j].at > points[i].at)
        slopes.push_back((points[j].value - points[i].value) / (points[j].at - points[i].at));
  return median(std::move(slopes));
}

std::optional<Trend> trend_of(std::span<const double> values, double least) {
  if (values.size() < k_least_history + 1 || values.back() <= 0) return std::nullopt;
  std::vector<double> before;
  for (const double value : values.first(values.size() - 1).last(std::min(values.size() - 1, k_most_history)))
    if (value > 0) before.push_back(std::log(value));
  if (before.size() < k_least_history) return std::nullopt;
  const double middle = median(before);
  std::vector<double> deviations;
  for (const double value : before)
    deviations.push_back(std::abs(value - middle));
  const double change = std::log(values.back()) - middle;
  const double limit = std::max(std::log(least), k_beyond_chance * k_deviations * median(deviations));
  return Trend{.ratio = std::exp(change), .jumped = std::abs(change) > limit};
}

std::vector<Slots> slots_of(const std::vector<Backup>& backups, const Policy& policy) {
  struct Class {
    std::string_view slot;
    std::size_t wanted;
    Bucket bucket;
  };
  const std::array<Class, 4> classes = {{{"daily", policy.daily, day_of},
                                         {"weekly", policy.weekly, week_of},
                                         {"monthly", policy.monthly, month_of},
                                         {"yearly", policy.yearly, year_of}}};
  std::vector<Slots> slots;
  for (const Class& each : classes) {
    if (each.wanted == 0) continue;
    std::set<int> buckets;
    for (const Backup& backup : backups)
      if (backup.state == State::complete && backup.stop)
        buckets.insert(each.bucket(std::chrono::floor<std::chrono::days>(*backup.stop)));
    Slots counted{.slot = each.slot, .wanted = each.wanted};
    if (!buckets.empty()) {
      const int newest = *buckets.rbegin();
      const auto in_window = [&](int bucket) { return bucket > newest - static_cast<int>(each.wanted); };
      counted.filled = static_cast<std::size_t>(std::ranges::count_if(buckets, in_window));
      counted.due = std::min(each.wanted, static_cast<std::size_t>(newest - *buckets.begin() + 1));
    }
    slots.push_back(counted);
  }
  return slots;
}

}  // namespace pgvigil::backups
