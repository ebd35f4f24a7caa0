#pragma once

#include <cstddef>

namespace pgvigil::promql {

/// Bounds that turn a hostile or mistaken query into an error instead of an outage.
struct Limits {
  std::size_t query_bytes = 64 * 1024;          ///< length of the query text
  std::size_t tree_depth = 400;                 ///< levels of the tree, and of parentheses
  std::size_t steps = 11'000;                   ///< points a series of one range query, as Prometheus has it
  std::size_t samples = 10'000'000;             ///< cells and samples that one query holds at a time
  std::size_t samples_scanned = 1'000'000'000;  ///< samples that range functions look at, over all steps
};

}  // namespace pgvigil::promql
