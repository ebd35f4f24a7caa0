#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgvigil::backups {

/// What a collector with scope = "backups" can read. The built-in definitions backups and pgbackrest name the
/// columns of each.
enum class Rows : std::uint8_t { verdicts, pgbackrest };

/// The words of definitions, in the order of the enumerators.
inline constexpr std::array<std::string_view, 2> k_source_words = {"verdicts", "pgbackrest"};

}  // namespace pgvigil::backups
