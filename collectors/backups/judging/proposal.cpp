#include "collectors/backups/judging/proposal.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "collectors/backups/judging/history.h"
#include "collectors/backups/model/schedule.h"

namespace pgvigil::backups {
namespace {

using std::chrono::minutes;

constexpr std::size_t k_least_starts = 6;
constexpr std::size_t k_most_starts = 11;
constexpr minutes k_most_late{30};
constexpr std::size_t k_of_ten = 8;
constexpr int k_round = 5;  // minutes: few think of 02:03
constexpr int k_hour = 60;
constexpr int k_day = 24 * k_hour;
constexpr int k_week = 7 * k_day;
/// The pause may be off by a twentieth.
constexpr double k_near = 0.05;

std::vector<Timestamp> starts_of(const std::vector<Backup>& backups) {
  std::vector<Timestamp> starts;
  for (const Backup& backup : backups)
    if (backup.state == State::complete && backup.start) starts.push_back(*backup.start);
  std::ranges::sort(starts);
  if (starts.size() > k_most_starts) starts.erase(starts.begin(), starts.end() - k_most_starts);
  return starts;
}

/// The period of a crontab that is as long as the pauses, in minutes; 0: none is.
int period_of(const std::vector<Timestamp>& starts) {
  std::vector<double> pauses;
  for (std::size_t i = 1; i < starts.size(); ++i)
    pauses.push_back(std::chrono::duration<double, std::ratio<60>>(starts[i] - starts[i - 1]).count());
  const double usual = median(std::move(pauses));
  constexpr std::array<int, 9> k_periods = {k_hour,     2 * k_hour,  3 * k_hour, 4 * k_hour, 6 * k_hour,
                                            8 * k_hour, 12 * k_hour, k_day,      k_week};
  const auto found = std::ranges::find_if(
      k_periods, [&](int period) { return std::abs(usual - period) <= k_near * period; });
  return found == k_periods.end() ? 0 : *found;
}

/// The crontab of this period that has a time at `start`, or a little before.
std::string crontab(int period, Timestamp start) {
  const auto day = std::chrono::floor<std::chrono::days>(start);
  const int of_day = static_cast<int>(std::chrono::floor<minutes>(start - day).count()) / k_round * k_round;
  const int hour = of_day / k_hour;
  const std::string minute = std::to_string(of_day % k_hour) + ' ';
  if (period == k_hour) return minute + "* * * *";
  if (period == k_day) return minute + std::to_string(hour) + " * * *";
  if (period == k_week)
    return minute + std::to_string(hour) + " * * " + std::to_string(std::chrono::weekday(day).c_encoding());
  return minute + std::to_string(hour % (period / k_hour)) + "-23/" + std::to_string(period / k_hour) +
         " * * *";
}

bool fits(const Schedule& schedule, const std::vector<Timestamp>& starts) {
  const auto in_time = std::ranges::count_if(starts, [&](Timestamp start) {
    const auto due = schedule.last(start);
    return due && start - *due <= k_most_late;
  });
  return static_cast<std::size_t>(in_time) * 10 >= starts.size() * k_of_ten;
}

}  // namespace

std::string proposed_schedule(const std::vector<Backup>& backups) {
  const std::vector<Timestamp> starts = starts_of(backups);
  if (starts.size() < k_least_starts) return "";
  const int period = period_of(starts);
  if (period == 0) return "";
  // From the newest on back: after a change of the schedule the last ones tell the new one.
  for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
    std::string text = crontab(period, *start);
    const auto schedule = Schedule::parse(text);
    if (schedule && fits(*schedule, starts)) return text;
  }
  return "";
}

}  // namespace pgvigil::backups
