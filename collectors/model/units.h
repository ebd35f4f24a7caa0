#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgvigil {

/// An instant by which something must be over. Deadlines cross function borders, timeouts do not.
using Deadline = std::chrono::steady_clock::time_point;

/// The wall clock, for what people and Prometheus read.
using Timestamp = std::chrono::system_clock::time_point;

/// An amount of memory or disk.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// What a metric counts in. Prometheus asks for base units; `milliseconds` exists only for the series of
/// postgres_exporter that are in milliseconds.
enum class Unit : std::uint8_t { none, seconds, milliseconds, bytes, blocks, transactions, ratio };

/// The unit's word, which is also the suffix that a metric name may carry; empty for `none`.
std::string_view to_string(Unit unit);

/// The unit called `word`, or nothing.
std::optional<Unit> parse_unit(std::string_view word);

}  // namespace pgvigil
