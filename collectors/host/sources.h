#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgvigil::host {

/// What a collector with scope = "host" can read. docs/collectors.md lists the columns of each.
enum class Source : std::uint8_t { cpu, memory, pids, io, pressure, volumes };

/// The words of definitions, in the order of the enumerators.
inline constexpr std::array<std::string_view, 6> k_source_words = {"cpu", "memory",   "pids",
                                                                   "io",  "pressure", "volumes"};

}  // namespace pgvigil::host
