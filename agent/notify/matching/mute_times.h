#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/units.h"

namespace pgvigil::agent::notify {

/// From `first` to `last`, both included.
struct Span {
  int first = 0;
  int last = 0;

  bool operator==(const Span&) const = default;
};

/// Times that come again: Alertmanager's time interval. Each list that is not empty must have a span that
/// holds.
struct MuteTimes {
  std::string name;
  std::vector<Span> minutes = {};   ///< of the day; the end is not included
  std::vector<Span> weekdays = {};  ///< 0 is Sunday
  std::vector<Span> days = {};      ///< of the month; negative: from its end, -1 is the last
  std::vector<Span> months = {};    ///< 1 is January
  std::string time_zone = "UTC";    ///< of the IANA database

  bool operator==(const MuteTimes&) const = default;
};

// What is written in the configuration. The error says what was expected.
std::expected<Span, std::string> parse_time_span(std::string_view text);  ///< "22:00-24:00", "22:00-06:00"
std::expected<Span, std::string> parse_weekday_span(
    std::string_view text);                                              ///< "monday", "sat", "monday-friday"
std::expected<Span, std::string> parse_day_span(std::string_view text);  ///< "1", "1:7", "-3:-1"
std::expected<Span, std::string> parse_month_span(
    std::string_view text);  ///< "may", "5", "november-february"

/// Whether `now` is within. A span whose end lies before its beginning goes over the edge: over midnight (it
/// then belongs to the day on which it begins), Saturday, December.
bool holds(const MuteTimes& times, Timestamp now);

/// When holds() will say something else than `now`: the full minute. Nothing when it says the same for eight
/// days.
std::optional<Timestamp> changes_at(const MuteTimes& times, Timestamp now);

/// Whether the time zone is known on this machine (tzdata).
bool is_time_zone(const std::string& name);

}  // namespace pgvigil::agent::notify
