#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgvigil::patroni {

/// What a collector with scope = "patroni" can read. docs/collectors.md lists the columns of each.
enum class Source : std::uint8_t { metrics, cluster };

/// The words of definitions, and the paths of Patroni's REST API, in the order of the enumerators.
inline constexpr std::array<std::string_view, 2> k_source_words = {"metrics", "cluster"};

}  // namespace pgvigil::patroni
