#include "rules/promql/duration.h"

#include <array>
#include <charconv>
#include <limits>

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
  bool only_when_even;  ///< printed only when the rest divides by it
};

constexpr std::int64_t k_second = 1000;
constexpr std::int64_t k_day = 24 * 3600 * k_second;
constexpr std::array<Unit, 7> k_units = {{{"y", 365 * k_day, true},
                                          {"w", 7 * k_day, true},
                                          {"d", k_day, false},
                                          {"h", 3600 * k_second, false},
                                          {"m", 60 * k_second, false},
                                          {"s", k_second, false},
                                          {"ms", 1, false}}};

/// Go's time.Duration counts nanoseconds in 63 bits.
constexpr std::int64_t k_longest = std::numeric_limits<std::int64_t>::max() / 1'000'000;

std::size_t span_of(std::string_view text, std::size_t from, bool digits) {
  std::size_t i = from;
  while (i < text.size() && (text[i] >= '0' && text[i] <= '9') == digits)
    ++i;
  return i - from;
}

std::size_t find_unit(std::string_view name, std::size_t from) {
  for (std::size_t i = from; i < k_units.size(); ++i) {
    if (k_units[i].name == name) return i;
  }
  return k_units.size();
}

}  // namespace

std::expected<std::int64_t, std::string> parse_duration(std::string_view text) {
  if (text.empty()) return std::unexpected("empty duration string");
  if (text == "0") return 0;
  auto malformed = [&] { return std::unexpected("not a valid duration string: " + quoted(text)); };
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t digits = span_of(text, i, true);
    std::size_t letters = span_of(text, i + digits, false);
    std::size_t unit = find_unit(text.substr(i + digits, letters), next_unit);
    if (digits == 0 || unit == k_units.size()) return malformed();
    std::int64_t count = 0;
    auto [end, error] = std::from_chars(text.data() + i, text.data() + i + digits, count);
    std::int64_t scale = k_units[unit].milliseconds;
    if (error != std::errc{} || count > (k_longest - total) / scale) {
      return std::unexpected("duration out of range");
    }
    total += count * scale;
    next_unit = unit + 1;
    i += digits + letters;
  }
  return total;
}

std::string format_duration(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0s";
  std::string text = milliseconds < 0 ? "-" : "";
  std::uint64_t rest = milliseconds < 0 ? 0 - static_cast<std::uint64_t>(milliseconds)
                                        : static_cast<std::uint64_t>(milliseconds);
  for (const Unit& unit : k_units) {
    auto scale = static_cast<std::uint64_t>(unit.milliseconds);
    if (unit.only_when_even && rest % scale != 0) continue;
    if (rest >= scale) text += std::to_string(rest / scale) + std::string(unit.name);
    rest %= scale;
  }
  return text;
}

}  // namespace pgvigil::promql
