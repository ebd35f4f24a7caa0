#pragma once

#include <bitset>
#include <expected>
#include <optional>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// When backups are due, as cron says it: minute, hour, day of the month, month, day of the week, in UTC. Of
/// six fields the first are seconds, as Kubernetes operators write them, and are passed over. Lists, ranges,
/// steps and English names; where both days are given, either will do (POSIX crontab).
class Schedule {
 public:
  /// `text` is "0 2 * * *", "@daily", "30 1 * * mon-fri". The error says which field is wrong.
  static std::expected<Schedule, Error> parse(std::string_view text);

  /// The last time that is due at `time` or before; nothing when there was none within four years and a day
  /// ("0 0 30 2 *").
  std::optional<Timestamp> last(Timestamp time) const;
  /// The first one after `time`.
  std::optional<Timestamp> next(Timestamp time) const;

  bool operator==(const Schedule&) const = default;

 private:
  bool is_day(std::chrono::sys_days day) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;
  bool either_day_ = false;
};

}  // namespace pgvigil::backups
