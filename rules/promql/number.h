#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgvigil::promql {

/// A number as PromQL writes it: decimal, hexadecimal (0x1F), octal (017, 0o17), binary (0b1), with
/// underscores between digits, with an exponent; Inf and NaN in any case, with a sign. Nothing when it is
/// none.
std::optional<double> parse_number(std::string_view text);

/// The shortest decimal that reads back as `value`, without an exponent: Go's FormatFloat(value, 'f', -1,
/// 64).
std::string format_fixed(double value);
/// Go's %v of a float64: the shortest decimal, with an exponent from 1e6 upwards and below 1e-4.
std::string format_general(double value);
/// C's %f: six digits after the point.
std::string format_six_digits(double value);

}  // namespace pgvigil::promql
