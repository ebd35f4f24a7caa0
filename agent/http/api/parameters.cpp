#include "agent/http/api/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "rules/promql/duration.h"
#include "rules/promql/parser.h"
#include "rules/promql/text.h"

namespace pgvigil::agent::api {
namespace {

constexpr double k_most_seconds = 1e15;  // milliseconds of it stay far inside 63 bits

std::optional<double> parse_seconds(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || !(std::abs(value) < k_most_seconds))
    return std::nullopt;
  return value;
}

/// Reads numbers and signs off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    const auto end = rest_.data() + std::min(count, rest_.size());
    const auto [stop, fault] = std::from_chars(rest_.data(), end, value);
    good_ = good_ && rest_.size() >= count && fault == std::errc{} && stop == end && rest_[0] != '-';
    rest_.remove_prefix(std::min(count, rest_.size()));
    return value;
  }
  char one_of(std::string_view allowed) {
    const char c = rest_.empty() ? '\0' : rest_[0];
    good_ = good_ && c != '\0' && allowed.find(c) != std::string_view::npos;
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  /// ".73091461" in milliseconds; 0 when there is none.
  int fraction() {
    if (!rest_.starts_with('.')) return 0;
    const auto end = std::min(rest_.find_first_not_of("0123456789", 1), rest_.size());
    const std::string number = std::string(rest_.substr(1, end - 1)) + "000";
    good_ = good_ && end > 1;
    rest_.remove_prefix(end);
    return std::stoi(number.substr(0, 3));
  }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Scanner scan(text);
  const int year_number = scan.digits(4);
  scan.one_of("-");
  const int month_number = scan.digits(2);
  scan.one_of("-");
  const int day_number = scan.digits(2);
  scan.one_of("Tt");
  const int hour = scan.digits(2);
  scan.one_of(":");
  const int minute = scan.digits(2);
  scan.one_of(":");
  const int second = scan.digits(2);
  const int millisecond = scan.fraction();
  const char zone = scan.one_of("Zz+-");
  int offset = 0;
  if (zone == '+' || zone == '-') {
    const int hours_off = scan.digits(2);
    scan.one_of(":");
    offset = (hours_off * 60 + scan.digits(2)) * (zone == '-' ? -1 : 1);
  }
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!scan.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto at = sys_days{date} + hours{hour} + minutes{minute - offset} + seconds{second};
  return duration_cast<milliseconds>(at.time_since_epoch()).count() + millisecond;
}

std::string cannot_parse(std::string_view text, std::string_view what) {
  return "cannot parse " + promql::quoted(text) + " to a valid " + std::string(what);
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (const auto seconds = parse_seconds(text)) return std::llround(*seconds * 1000);
  return parse_rfc3339(text);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (const auto seconds = parse_seconds(text)) return std::llround(*seconds * 1000);
  const auto duration = promql::parse_duration(text);
  return duration ? std::optional(*duration) : std::nullopt;
}

std::string time_text(std::int64_t t_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{t_ms}};
  const auto day_of = floor<days>(at);
  const year_month_day date{day_of};
  const hh_mm_ss<milliseconds> time{at - day_of};
  std::array<char, 64> buffer;
  const int size = std::snprintf(
      buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {buffer.data(), static_cast<std::size_t>(size)};
}

Parsed<std::int64_t> required_time(const Request& request, std::string_view name) {
  const std::string text = request.parameter(name).value_or("");
  if (const auto time = parse_time(text)) return *time;
  return invalid_parameter(name, cannot_parse(text, "timestamp"));
}

Parsed<std::int64_t> optional_time(const Request& request, std::string_view name, std::int64_t otherwise) {
  const std::string text = request.parameter(name).value_or("");
  if (text.empty()) return otherwise;
  if (const auto time = parse_time(text)) return *time;
  return invalid_parameter(
      name, "Invalid time value for '" + std::string(name) + "': " + cannot_parse(text, "timestamp"));
}

Parsed<std::optional<std::int64_t>> optional_duration(const Request& request, std::string_view name) {
  const std::string text = request.parameter(name).value_or("");
  if (text.empty()) return std::nullopt;
  if (const auto duration = parse_duration(text)) return *duration;
  return invalid_parameter(name, cannot_parse(text, "duration"));
}

Parsed<std::optional<std::size_t>> limit_of(const Request& request) {
  const std::string text = request.parameter("limit").value_or("");
  if (text.empty()) return std::nullopt;
  std::int64_t limit = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (fault != std::errc{} || end != text.data() + text.size())
    return invalid_parameter("limit", "cannot parse " + promql::quoted(text) + " to a number");
  if (limit < 0) return invalid_parameter("limit", "limit must be non-negative");
  if (limit == 0) return std::nullopt;
  return static_cast<std::size_t>(limit);
}

Parsed<std::vector<std::vector<promql::Matcher>>> selectors_of(const Request& request) {
  std::vector<std::vector<promql::Matcher>> selectors;
  for (const std::string& text : request.all_parameters("match[]")) {
    auto matchers = promql::parse_selector(text);
    if (!matchers) return invalid_parameter("match[]", promql::to_string(matchers.error()));
    const auto is_narrow = [](const promql::Matcher& matcher) { return !matcher.matches(""); };
    if (std::ranges::none_of(*matchers, is_narrow))
      return invalid_parameter("match[]", "match[] must contain at least one non-empty matcher");
    selectors.push_back(std::move(*matchers));
  }
  return selectors;
}

}  // namespace pgvigil::agent::api
