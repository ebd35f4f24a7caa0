#pragma once

#include <bit>
#include <cstdint>
#include <optional>

namespace pgvigil::rules {

/// A value as number / 10^scale. Sums of such decimals are off by a few roundings: `off` is how many doubles
/// away from the quotient the value is.
struct Decimal {
  unsigned scale = 0;
  std::int64_t number = 0;
  std::int64_t off = 0;
};

inline constexpr unsigned k_most_scale = 15;
/// Up to here every whole number is a double, and its quotient by a power of ten is the double that is
/// nearest to the decimal: what reading the decimal as text gives.
inline constexpr std::int64_t k_most_number = std::int64_t{1} << 53;
inline constexpr std::int64_t k_most_off = 255;

/// The number of 10^-scale that is nearest to a value; 0 for a value that is too large.
std::int64_t nearest_number(double value, unsigned scale);
double value_of(std::int64_t number, unsigned scale);

/// The value as a decimal: at `likely` if that will do, else at the smallest scale, else near one of
/// nanoseconds. Nothing for any other.
std::optional<Decimal> decimal_of(double value, unsigned likely);

inline std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}
inline bool same_bits(double a, double b) {
  return bits_of(a) == bits_of(b);
}

}  // namespace pgvigil::rules
