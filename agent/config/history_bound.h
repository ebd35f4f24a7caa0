#pragma once

#include <optional>

#include "agent/config/config.h"

namespace pgvigil::agent {

/// How much memory the past may take.
struct HistoryBound {
  Bytes most;
  std::optional<Bytes> of_limit;  ///< the memory limit that it is an eighth of; empty: no limit made it less
};

/// What is set, be it as it may; else 16 MB, or an eighth of the limit where that is less. Measured with ten
/// thousand tables in 64 MiB: the rest is tables, their rendering, and room for both to be made anew.
HistoryBound history_bound(const HistoryConfig& config, std::optional<Bytes> memory_limit);

}  // namespace pgvigil::agent
