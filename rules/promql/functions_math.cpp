#include <cmath>
#include <numbers>

#include "rules/promql/function_library.h"

namespace pgvigil::promql {
namespace {

/// Go's math.Min and math.Max: NaN when either is.
double lesser(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? k_nan : std::fmin(a, b);
}
double greater(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? k_nan : std::fmax(a, b);
}

double clamped(double value, double least, double most) {
  return most < least ? absent() : greater(least, lesser(most, value));
}

}  // namespace

double math_abs(double value, std::span<const double>) {
  return std::abs(value);
}
double math_acos(double value, std::span<const double>) {
  return std::acos(value);
}
double math_acosh(double value, std::span<const double>) {
  return std::acosh(value);
}
double math_asin(double value, std::span<const double>) {
  return std::asin(value);
}
double math_asinh(double value, std::span<const double>) {
  return std::asinh(value);
}
double math_atan(double value, std::span<const double>) {
  return std::atan(value);
}
double math_atanh(double value, std::span<const double>) {
  return std::atanh(value);
}
double math_ceil(double value, std::span<const double>) {
  return std::ceil(value);
}
double math_clamp(double value, std::span<const double> scalars) {
  return clamped(value, scalars[0], scalars[1]);
}
double math_clamp_max(double value, std::span<const double> scalars) {
  return clamped(value, -k_infinity, scalars[0]);
}
double math_clamp_min(double value, std::span<const double> scalars) {
  return clamped(value, scalars[0], k_infinity);
}
double math_cos(double value, std::span<const double>) {
  return std::cos(value);
}
double math_cosh(double value, std::span<const double>) {
  return std::cosh(value);
}
double math_deg(double value, std::span<const double>) {
  return value * 180 / std::numbers::pi;
}
double math_exp(double value, std::span<const double>) {
  return std::exp(value);
}
double math_floor(double value, std::span<const double>) {
  return std::floor(value);
}
double math_ln(double value, std::span<const double>) {
  return std::log(value);
}
double math_log10(double value, std::span<const double>) {
  return std::log10(value);
}
double math_log2(double value, std::span<const double>) {
  return std::log2(value);
}
double math_rad(double value, std::span<const double>) {
  return value * std::numbers::pi / 180;
}

double math_round(double value, std::span<const double> scalars) {
  // The inverse loses fewer digits than a division; halves are rounded up.
  double inverse = 1 / (scalars.empty() ? 1.0 : scalars[0]);
  return std::floor(value * inverse + 0.5) / inverse;
}

double math_sgn(double value, std::span<const double>) {
  if (value < 0) return -1;
  return value > 0 ? 1 : value;
}

double math_sin(double value, std::span<const double>) {
  return std::sin(value);
}
double math_sinh(double value, std::span<const double>) {
  return std::sinh(value);
}
double math_sqrt(double value, std::span<const double>) {
  return std::sqrt(value);
}
double math_tan(double value, std::span<const double>) {
  return std::tan(value);
}
double math_tanh(double value, std::span<const double>) {
  return std::tanh(value);
}

}  // namespace pgvigil::promql
