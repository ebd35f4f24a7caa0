#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::backups {

/// A number against its own history: the quotient of the last one and the median before it, and whether that
/// is beyond chance. Judged on logarithms, with the median absolute deviation (Rousseeuw and Croux 1993) as
/// the spread.
struct Trend {
  double ratio = 1;
  bool jumped = false;
};

/// `values` in the order of time, the last one judged against at most 14 before it; nothing with fewer than 5
/// of them. A change by less than `least` (1.5: half as much again) is none.
std::optional<Trend> trend_of(std::span<const double> values, double least);

/// The middle of some values; 0 of none.
double median(std::vector<double> values);

/// A value at a time, in seconds.
struct Point {
  double at = 0;
  double value = 0;
};

/// How fast values grow, a second: the median of the slopes between all pairs of the last 30 (Theil 1950, Sen
/// 1968), which up to 29 % of them that are off do not move. Nothing with fewer than 6 points, or over less
/// than three days.
std::optional<double> slope_of(std::span<const Point> points);

/// A class of retention, and how many of the last slots have a complete backup.
struct Slots {
  std::string_view slot;  ///< "daily"
  std::size_t wanted = 0;
  std::size_t filled = 0;
  std::size_t due = 0;  ///< of the wanted, those since the oldest backup
};

/// The classes that the policy asks for, counted back from the newest backup (UTC, ISO weeks).
std::vector<Slots> slots_of(const std::vector<Backup>& backups, const Policy& policy);

}  // namespace pgvigil::backups
