#include "collectors/model/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

namespace pgvigil {
namespace {

struct Factor {
  std::string_view unit;
  std::uint64_t factor;
};

/// In milliseconds, largest first.
constexpr std::array k_durations = {Factor{"d", 86'400'000}, Factor{"h", 3'600'000}, Factor{"m", 60'000},
                                    Factor{"s", 1'000}, Factor{"ms", 1}};

constexpr std::uint64_t k_kibi = 1024;
constexpr std::array k_sizes = {Factor{"", 1},
                                Factor{"B", 1},
                                Factor{"kB", 1'000},
                                Factor{"MB", 1'000'000},
                                Factor{"GB", 1'000'000'000},
                                Factor{"TB", 1'000'000'000'000},
                                Factor{"KiB", k_kibi},
                                Factor{"MiB", k_kibi* k_kibi},
                                Factor{"GiB", k_kibi* k_kibi* k_kibi},
                                Factor{"TiB", k_kibi* k_kibi* k_kibi* k_kibi}};

/// No duration of ours is longer than a century.
constexpr std::uint64_t k_longest = 36'525 * k_durations.front().factor;

/// Takes the digits at the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// Takes everything up to the next digit.
std::string_view take_word(std::string_view& text) {
  const auto end = std::ranges::find_if(text, [](char c) { return c >= '0' && c <= '9'; });
  const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> product(std::uint64_t number, std::uint64_t factor, std::uint64_t most) {
  if (number > most / factor) return std::nullopt;
  return number * factor;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  auto next = k_durations.begin();
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = std::ranges::find(next, k_durations.end(), take_word(text), &Factor::unit);
    if (unit == k_durations.end()) return std::nullopt;
    const auto part = product(*number, unit->factor, k_longest);
    if (!part) return std::nullopt;
    total += *part;
    next = unit + 1;
  }
  if (total > k_longest) return std::nullopt;
  return std::chrono::milliseconds{total};
}

std::string duration_text(std::chrono::milliseconds duration) {
  std::string text;
  auto rest = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  for (const Factor& unit : k_durations) {
    if (rest < unit.factor) continue;
    text += std::to_string(rest / unit.factor);
    text += unit.unit;
    rest %= unit.factor;
  }
  return text.empty() ? "0s" : text;
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto size = std::ranges::find(k_sizes, text, &Factor::unit);
  if (size == k_sizes.end()) return std::nullopt;
  const auto count = product(*number, size->factor, std::numeric_limits<std::uint64_t>::max());
  if (!count) return std::nullopt;
  return Bytes{*count};
}

std::string bytes_text(Bytes size) {
  std::string shortest = std::to_string(size.count) + "B";
  for (const Factor& unit : k_sizes) {
    if (size.count == 0 || size.count % unit.factor != 0 || unit.unit.empty()) continue;
    std::string text = std::to_string(size.count / unit.factor).append(unit.unit);
    if (text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

}  // namespace pgvigil
