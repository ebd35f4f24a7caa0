#pragma once

#include <chrono>
#include <cstdint>

#include "collectors/model/table.h"

namespace pgvigil::collectors {

/// A step between the rows of a collector and the table that is published: it knows the tables that went
/// through before. Pure but for that memory: what time it is, the table says. Not thread-safe.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual Table apply(Table table) = 0;
  /// The server began anew, or is another one: what its counters said last means nothing now.
  virtual void forget_counters() = 0;
};

/// What tells a row from all others: its label values, hashed. Two rows of 100,000 share a key once in some
/// billion tables.
using RowKey = std::uint64_t;
RowKey key_of(const Table& table, std::size_t row);

/// How long a row that is not there is remembered: a database that did not answer comes back with its counts.
inline constexpr std::chrono::hours k_row_memory{1};

inline double seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double>(to - from).count();
}

/// By how much a counter grew: one that reads less than before began anew, as Prometheus sees it.
inline double increase(double before, double now) {
  return now >= before ? now - before : now;
}

}  // namespace pgvigil::collectors
