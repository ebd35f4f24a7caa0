#pragma once

#include <cstdint>
#include <string_view>

namespace pgvigil::promql {

/// XXH64 of `text` with seed 0 (xxHash specification 0.1.1): what Prometheus hashes label sets with.
std::uint64_t xxhash64(std::string_view text);

/// The hash of one label. Sums of such hashes are hashes of label sets, in any order.
std::uint64_t hash_label(std::string_view name, std::string_view value);

}  // namespace pgvigil::promql
