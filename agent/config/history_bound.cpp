#include "agent/config/history_bound.h"

#include <algorithm>

namespace pgvigil::agent {

HistoryBound history_bound(const HistoryConfig& config, std::optional<Bytes> memory_limit) {
  if (config.max_bytes) return {*config.max_bytes, std::nullopt};
  if (!memory_limit) return {k_usual_history, std::nullopt};
  const Bytes part{std::max(memory_limit->count / 8, k_least_history.count)};
  if (part >= k_usual_history) return {k_usual_history, std::nullopt};
  return {part, memory_limit};
}

}  // namespace pgvigil::agent
