#include "rules/advice/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace pgvigil::rules::advice {
namespace {

/// Whole from 10 on; with one decimal, or two where one would be 0.
std::string short_number(double value) {
  std::array<char, 32> text{};
  if (value >= 9.95 || value == std::floor(value))
    std::snprintf(text.data(), text.size(), "%.0f", value);
  else
    std::snprintf(text.data(), text.size(), value >= 0.095 ? "%.1f" : "%.2f", value);
  return text.data();
}

std::string plural(double value, std::string_view unit) {
  const std::string number = short_number(value);
  return number + " " + std::string(unit) + (number == "1" ? "" : "s");
}

}  // namespace

std::string bytes_words(double bytes) {
  constexpr std::array<std::string_view, 5> k_units = {"bytes", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < k_units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return short_number(bytes) + " " + std::string(k_units[unit]);
}

std::string count_words(double count) {
  if (count >= 1e9) return short_number(count / 1e9) + " billion";
  std::string digits = std::to_string(static_cast<std::uint64_t>(std::llround(std::max(count, 0.0))));
  for (std::size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, 1, ',');
  }
  return digits;
}

std::string time_words(std::chrono::duration<double> time) {
  const double seconds = time.count();
  if (seconds >= 2 * 86'400) return plural(std::floor(seconds / 86'400), "day");
  if (seconds >= 2 * 3'600) return plural(std::floor(seconds / 3'600), "hour");
  if (seconds >= 120) return plural(std::floor(seconds / 60), "minute");
  if (seconds >= 1) return short_number(seconds) + " s";
  return short_number(seconds * 1000) + " ms";
}

std::string share_words(double ratio) {
  return short_number(ratio * 100) + " %";
}

std::string times_words(double ratio) {
  return short_number(ratio) + " times";
}

std::string parameter_size(double bytes) {
  return std::to_string(static_cast<std::uint64_t>(std::ceil(bytes / 1'048'576))) + "MB";
}

}  // namespace pgvigil::rules::advice
