#include "agent/notify/matching/mute_times.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "agent/notify/matching/time_zone.h"
#include "rules/promql/text.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono;

constexpr days k_foresight{8};
constexpr std::array<std::string_view, 7> k_weekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> k_months = {"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The position of a word, of which three letters are enough.
template <std::size_t N>
std::optional<int> word_of(std::string_view text, const std::array<std::string_view, N>& words) {
  const std::string lower = promql::lower_case(text);
  if (lower.size() < 3) return std::nullopt;
  const auto found =
      std::ranges::find_if(words, [&](std::string_view word) { return word.starts_with(lower); });
  if (found == words.end()) return std::nullopt;
  return static_cast<int>(found - words.begin());
}

/// "a", "a:b" and, where no number can be negative, "a-b".
template <typename Read>
std::optional<Span> span_of(std::string_view text, std::string_view separators, Read read) {
  const std::size_t at = text.find_first_of(separators, 1);
  const auto first = read(text.substr(0, at));
  const auto last = at == text.npos ? first : read(text.substr(at + 1));
  if (!first || !last) return std::nullopt;
  return Span{*first, *last};
}

std::optional<int> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number_of(text.substr(0, 2));
  const auto minute = number_of(text.substr(3));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59 || *hour * 60 + *minute > 1440)
    return std::nullopt;
  return *hour * 60 + *minute;
}

std::expected<Span, std::string> or_error(std::optional<Span> span,
                                          std::string_view text,
                                          std::string_view wanted) {
  if (span) return *span;
  return std::unexpected("'" + std::string(text) + "' is not " + std::string(wanted));
}

bool within(const Span& span, int value) {
  if (span.first <= span.last) return span.first <= value && value <= span.last;
  return value >= span.first || value <= span.last;
}

bool any(const std::vector<Span>& spans, int value) {
  return spans.empty() || std::ranges::any_of(spans, [&](const Span& span) { return within(span, value); });
}

bool any_day(const std::vector<Span>& spans, year_month_day date) {
  const int length = static_cast<int>(static_cast<unsigned>((date.year() / date.month() / last).day()));
  const int day_ = static_cast<int>(static_cast<unsigned>(date.day()));
  const auto counted = [&](int day_of_month) {
    return day_of_month < 0 ? length + 1 + day_of_month : day_of_month;
  };
  return spans.empty() || std::ranges::any_of(spans, [&](const Span& span) {
           return counted(span.first) <= day_ && day_ <= counted(span.last);
         });
}

bool is_day(const MuteTimes& times, local_days day_) {
  const year_month_day date(day_);
  return any(times.weekdays, static_cast<int>(weekday(day_).c_encoding())) && any_day(times.days, date) &&
         any(times.months, static_cast<int>(static_cast<unsigned>(date.month())));
}

/// How long until the minute at which a span begins or ends, or a full hour begins, whichever comes first.
/// Clocks are put forward and back at full hours, so no step passes such a moment.
minutes to_next_edge(const MuteTimes& times, int minute) {
  int next = minute / 60 * 60 + 60;
  for (const Span& span : times.minutes)
    for (const int edge : {span.first, span.last})
      if (edge > minute) next = std::min(next, edge);
  return minutes(next - minute);
}

}  // namespace

std::expected<Span, std::string> parse_time_span(std::string_view text) {
  std::optional<Span> span;
  if (text.size() == 11 && text[5] == '-') {
    const auto first = minute_of(text.substr(0, 5));
    const auto end = minute_of(text.substr(6));
    if (first && end && *first != *end && *first < 1440) span = Span{*first, *end};
  }
  return or_error(span, text, "a span of the day: expected \"22:00-06:00\"");
}

std::expected<Span, std::string> parse_weekday_span(std::string_view text) {
  return or_error(span_of(text, ":-", [](std::string_view word) { return word_of(word, k_weekdays); }), text,
                  "a weekday: expected \"saturday\" or \"monday-friday\"");
}

std::expected<Span, std::string> parse_day_span(std::string_view text) {
  auto span = span_of(text, ":", number_of);
  const auto possible = [](int day_of_month) { return day_of_month != 0 && std::abs(day_of_month) <= 31; };
  if (span && (!possible(span->first) || !possible(span->last))) span.reset();
  return or_error(span, text, "a day of the month: expected \"1\", \"1:7\" or \"-3:-1\"");
}

std::expected<Span, std::string> parse_month_span(std::string_view text) {
  const auto month_of = [](std::string_view word) -> std::optional<int> {
    if (const auto at = word_of(word, k_months)) return *at + 1;
    const auto number = number_of(word);
    return number && *number >= 1 && *number <= 12 ? number : std::nullopt;
  };
  return or_error(span_of(text, ":-", month_of), text, "a month: expected \"may\" or \"november-february\"");
}

bool holds(const MuteTimes& times, Timestamp now) {
  const auto local = local_time_in(times.time_zone, now);
  if (!local) return false;
  const local_days today = floor<days>(*local);
  const int minute = static_cast<int>(duration_cast<std::chrono::minutes>(*local - today).count());
  if (times.minutes.empty()) return is_day(times, today);
  return std::ranges::any_of(times.minutes, [&](const Span& span) {
    if (span.first < span.last) return span.first <= minute && minute < span.last && is_day(times, today);
    return (minute >= span.first && is_day(times, today)) ||
           (minute < span.last && is_day(times, today - days(1)));
  });
}

std::optional<Timestamp> changes_at(const MuteTimes& times, Timestamp now) {
  const bool is = holds(times, now);
  Timestamp at = floor<minutes>(now);
  while (at - now < k_foresight) {
    const auto local = local_time_in(times.time_zone, at);
    if (!local) return std::nullopt;
    const auto minute = floor<minutes>(*local - floor<days>(*local)).count();
    at += to_next_edge(times, static_cast<int>(minute));
    if (holds(times, at) != is) return at;
  }
  return std::nullopt;
}

bool is_time_zone(const std::string& name) {
  return local_time_in(name, Timestamp{}).has_value();
}

}  // namespace pgvigil::agent::notify
