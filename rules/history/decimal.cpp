#include "rules/history/decimal.h"

#include <array>
#include <cmath>

namespace pgvigil::rules {
namespace {

constexpr std::array<double, k_most_scale + 1> k_powers = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr unsigned k_nano = 9;

bool is_number_at(double value, unsigned scale) {
  return same_bits(value_of(nearest_number(value, scale), scale), value);
}

}  // namespace

std::int64_t nearest_number(double value, unsigned scale) {
  const double scaled = value * k_powers[scale];
  return std::abs(scaled) <= static_cast<double>(k_most_number) ? std::llrint(scaled) : 0;
}

double value_of(std::int64_t number, unsigned scale) {
  return static_cast<double>(number) / k_powers[scale];
}

std::optional<Decimal> decimal_of(double value, unsigned likely) {
  if (is_number_at(value, likely)) return Decimal{likely, nearest_number(value, likely)};
  for (unsigned scale = 0; scale <= k_most_scale; ++scale) {
    if (is_number_at(value, scale)) return Decimal{scale, nearest_number(value, scale)};
    if (!(std::abs(value) * k_powers[scale] < static_cast<double>(k_most_number))) break;
  }
  const std::int64_t number = nearest_number(value, k_nano);
  const auto off = static_cast<std::int64_t>(bits_of(value) - bits_of(value_of(number, k_nano)));
  if (number == 0 || off > k_most_off || off < -k_most_off) return std::nullopt;
  return Decimal{k_nano, number, off};
}

}  // namespace pgvigil::rules
