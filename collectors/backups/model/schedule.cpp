#include "collectors/backups/model/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace pgvigil::backups {
namespace {

using namespace std::chrono;

constexpr days k_farthest{4 * 366};

struct Field {
  std::string_view name;
  unsigned first;
  unsigned last;
  std::string_view words;  ///< names of three letters, from `first` on
};
constexpr std::array<Field, 5> k_fields = {{{"minute", 0, 59, ""},
                                            {"hour", 0, 23, ""},
                                            {"day of the month", 1, 31, ""},
                                            {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                            {"day of the week", 0, 7, "sunmontuewedthufrisat"}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_macros = {
    {{"@yearly", "0 0 1 1 *"},
     {"@annually", "0 0 1 1 *"},
     {"@monthly", "0 0 1 * *"},
     {"@weekly", "0 0 * * 0"},
     {"@daily", "0 0 * * *"},
     {"@hourly", "0 * * * *"}}};

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<unsigned> number_of(std::string_view text, const Field& field) {
  unsigned value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) {
    std::string word(text);
    std::ranges::transform(word, word.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t at = word.size() == 3 ? field.words.find(word) : std::string_view::npos;
    if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    value = field.first + static_cast<unsigned>(at / 3);
  }
  return value >= field.first && value <= field.last ? std::optional(value) : std::nullopt;
}

/// Sets what one part of a list says: "*", "5", "1-5", "*/10", "10-50/20".
template <std::size_t size>
bool take_part(std::string_view part, const Field& field, std::bitset<size>& set) {
  unsigned step = 1;
  const std::size_t slash = part.find('/');
  if (slash != part.npos) {
    const auto told = number_of(part.substr(slash + 1), {"step", 1, field.last, ""});
    if (!told) return false;
    step = *told;
  }
  const std::string_view range = part.substr(0, slash);
  unsigned from = field.first;
  unsigned to = field.last;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    const auto begin = number_of(range.substr(0, dash), field);
    const auto end = dash == range.npos ? begin : number_of(range.substr(dash + 1), field);
    if (!begin || !end || *begin > *end) return false;
    from = *begin;
    to = dash == range.npos && slash != part.npos ? field.last : *end;
  }
  for (unsigned value = from; value <= to; value += step)
    set.set(value);
  return true;
}

template <std::size_t size>
bool take_field(const std::string& text, std::size_t at, std::bitset<size>& set) {
  const auto parts = split(text, ",");
  return !parts.empty() && std::ranges::all_of(parts, [&](const std::string& part) {
    return take_part(part, k_fields[at], set);
  });
}

Error no_schedule(std::string_view text, const std::string& why) {
  return {ErrorKind::configuration, "'" + std::string(text) + "' is no schedule: " + why,
          "Write five fields, as in \"0 2 * * *\": minute, hour, day of the month, month, day of the week."};
}

}  // namespace

std::expected<Schedule, Error> Schedule::parse(std::string_view text) {
  std::string_view whole = text;
  for (const auto& [macro, meaning] : k_macros)
    if (text == macro) whole = meaning;
  std::vector<std::string> fields = split(whole, " \t");
  if (fields.size() == 6) fields.erase(fields.begin());
  if (fields.size() != k_fields.size())
    return std::unexpected(
        no_schedule(text, "it has " + std::to_string(fields.size()) + " fields, and five are wanted"));
  Schedule made;
  const std::array<bool, 5> good = {
      take_field(fields[0], 0, made.minutes_), take_field(fields[1], 1, made.hours_),
      take_field(fields[2], 2, made.days_), take_field(fields[3], 3, made.months_),
      take_field(fields[4], 4, made.weekdays_)};
  for (std::size_t i = 0; i < good.size(); ++i)
    if (!good[i])
      return std::unexpected(
          no_schedule(text, "bad " + std::string(k_fields[i].name) + " '" + fields[i] + "'"));
  if (made.weekdays_.test(7)) made.weekdays_.set(0);
  made.either_day_ = !fields[2].starts_with('*') && !fields[4].starts_with('*');
  return made;
}

bool Schedule::is_day(sys_days day) const {
  const year_month_day date(day);
  const bool of_month = days_.test(static_cast<unsigned>(date.day()));
  const bool of_week = weekdays_.test(weekday(day).c_encoding());
  return months_.test(static_cast<unsigned>(date.month())) &&
         (either_day_ ? of_month || of_week : of_month && of_week);
}

std::optional<Timestamp> Schedule::last(Timestamp time) const {
  const auto today = floor<days>(time);
  for (sys_days day = today; day > today - k_farthest; day -= days{1}) {
    if (!is_day(day)) continue;
    for (int minute = 24 * 60 - 1; minute >= 0; --minute) {
      const auto at = static_cast<std::size_t>(minute);
      const Timestamp due = day + minutes{minute};
      if (due <= time && hours_.test(at / 60) && minutes_.test(at % 60)) return due;
    }
  }
  return std::nullopt;
}

std::optional<Timestamp> Schedule::next(Timestamp time) const {
  const auto today = floor<days>(time);
  for (sys_days day = today; day < today + k_farthest; day += days{1}) {
    if (!is_day(day)) continue;
    for (int minute = 0; minute < 24 * 60; ++minute) {
      const auto at = static_cast<std::size_t>(minute);
      const Timestamp due = day + minutes{minute};
      if (due > time && hours_.test(at / 60) && minutes_.test(at % 60)) return due;
    }
  }
  return std::nullopt;
}

}  // namespace pgvigil::backups
