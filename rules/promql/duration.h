#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace pgvigil::promql {

/// A duration as Prometheus writes it, in milliseconds: "1h30m", "5m", "0", "250ms"; units y w d h m s ms,
/// each at most once and in this order; a year has 365 days. The error says what is wrong in Prometheus's
/// words.
std::expected<std::int64_t, std::string> parse_duration(std::string_view text);

/// The duration as Prometheus prints it ("1h30m", "0s"); years and weeks only where they come out even.
std::string format_duration(std::int64_t milliseconds);

}  // namespace pgvigil::promql
