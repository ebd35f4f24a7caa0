// How Prometheus's template functions show numbers to people (template/template.go of Prometheus 2 and 3).
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "rules/template/format.h"

namespace pgvigil::rules::templates {
namespace {

constexpr std::array<std::string_view, 8> k_large = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<std::string_view, 8> k_binary = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr std::array<std::string_view, 8> k_small = {"m", "u", "n", "p", "f", "a", "z", "y"};

std::string four_digits(double value) {
  const Value argument = value;
  return go_printf("%.4g", {&argument, 1});
}

std::string scaled_down(double value, double step, std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (std::string_view next : prefixes) {
    if (std::abs(value) < step) break;
    prefix = next;
    value /= step;
  }
  return four_digits(value) + std::string(prefix);
}

/// For values below 1: milli, micro, ...
std::string scaled_up(double value) {
  std::string_view prefix;
  for (std::string_view next : k_small) {
    if (std::abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return four_digits(value) + std::string(prefix);
}

}  // namespace

std::string humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return four_digits(value);
  return std::abs(value) >= 1 ? scaled_down(value, 1000, k_large) : scaled_up(value);
}

std::string humanize1024(double value) {
  if (std::abs(value) <= 1 || !std::isfinite(value)) return four_digits(value);
  return scaled_down(value, 1024, k_binary);
}

std::string humanize_duration(double seconds) {
  if (!std::isfinite(seconds)) return four_digits(seconds);
  if (seconds == 0) return four_digits(seconds) + "s";
  if (std::abs(seconds) < 1) return scaled_up(seconds) + "s";
  const std::string sign = seconds < 0 ? "-" : "";
  const double positive = std::abs(seconds);
  if (positive >= 9.2e18) return four_digits(seconds) + "s";
  const auto whole = static_cast<std::int64_t>(positive);
  const std::string s = std::to_string(whole % 60) + "s";
  const std::string m = std::to_string(whole / 60 % 60) + "m ";
  const std::string h = std::to_string(whole / 3600 % 24) + "h ";
  if (whole >= 86'400) return sign + std::to_string(whole / 86'400) + "d " + h + m + s;
  if (whole >= 3600) return sign + h + m + s;
  if (whole >= 60) return sign + m + s;
  return sign + four_digits(positive) + "s";
}

std::string humanize_percentage(double ratio) {
  return four_digits(ratio * 100) + "%";
}

std::expected<std::string, std::string> humanize_timestamp(double seconds) {
  if (!std::isfinite(seconds)) return four_digits(seconds);
  constexpr double k_most = 9.2e9;  // seconds that a 64-bit count of nanoseconds holds
  if (std::abs(seconds) > k_most) return std::unexpected("a time that is out of range");
  const auto milliseconds = static_cast<std::int64_t>(std::floor(seconds * 1000));
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{milliseconds}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string result = text.data();
  if (const auto rest = clock.subseconds().count(); rest != 0) {
    std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(rest));
    result += text.data();
    result.erase(result.find_last_not_of('0') + 1);
  }
  return result + " +0000 UTC";
}

}  // namespace pgvigil::rules::templates
