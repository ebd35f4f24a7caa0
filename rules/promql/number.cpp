#include "rules/promql/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr double k_infinity = std::numeric_limits<double>::infinity();

std::optional<std::string> not_finite(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return std::nullopt;
}

std::string without_underscores(std::string_view text) {
  std::string result;
  for (char character : text) {
    if (character != '_') result += character;
  }
  return result;
}

/// An integer of `base`, in whatever size: what does not fit 64 bits is left to the decimal reading.
std::optional<double> parse_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

std::optional<double> parse_with_prefix(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return std::nullopt;
  switch (text[1]) {
    case 'x':
    case 'X':
      return parse_integer(text.substr(2), 16);
    case 'b':
    case 'B':
      return parse_integer(text.substr(2), 2);
    case 'o':
    case 'O':
      return parse_integer(text.substr(2), 8);
    default:
      return parse_integer(text.substr(1), 8);
  }
}

std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves the value alone; a large exponent is infinite, a small one zero.
    std::size_t exponent = text.find_first_of("eE");
    bool tiny = exponent != text.npos && text.find('-', exponent) != text.npos;
    return tiny ? 0.0 : k_infinity;
  }
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<double> parse_unsigned(std::string_view text) {
  std::string lower = lower_case(text);
  if (lower == "inf" || lower == "infinity") return k_infinity;
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  std::string digits = without_underscores(lower);
  if (digits.empty() || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9'))) return std::nullopt;
  if (std::optional<double> value = parse_with_prefix(digits)) return value;
  return parse_decimal(digits);
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] != '+' && text[0] != '-') return parse_unsigned(text);
  std::optional<double> value = parse_unsigned(text.substr(1));
  if (value && text[0] == '-') return -*value;
  return value;
}

std::string format_fixed(double value) {
  if (std::optional<std::string> word = not_finite(value)) return *word;
  std::array<char, 400> buffer;
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return error == std::errc{} ? std::string(buffer.data(), end) : "NaN";
}

std::string format_general(double value) {
  if (std::optional<std::string> word = not_finite(value)) return *word;
  double magnitude = std::abs(value);
  if (magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6)) return format_fixed(value);
  std::array<char, 64> buffer;
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  return error == std::errc{} ? std::string(buffer.data(), end) : "NaN";
}

std::string format_six_digits(double value) {
  if (std::optional<std::string> word = not_finite(value)) return *word;
  std::array<char, 400> buffer;
  auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 6);
  return error == std::errc{} ? std::string(buffer.data(), end) : "NaN";
}

}  // namespace pgvigil::promql
