#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/definition.h"
#include "collectors/model/diagnostic.h"

namespace pgvigil::evidence {

/// What the values of a column are. `statement`: SQL, of which nobody sees a literal. `application`: the name that a client
/// gave itself, of which nobody sees what may be a literal.
enum class ColumnKind : std::uint8_t { text, count, seconds, bytes, statement, application };

/// The words of definition files, in the order of the enumerators.
inline constexpr std::array<std::string_view, 6> k_column_words = {"text",  "count",     "seconds",
                                                                   "bytes", "statement", "application"};

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;

  bool operator==(const Column&) const = default;
};

/// A query that shows a person what is behind an alert: rows for reading, where a collector gives series. See
/// docs/evidence.md for the format of its file.
struct Definition {
  /// Its name, its title (`help`), where it runs and its queries: what plan.h looks at.
  collectors::Definition asks;
  std::vector<Column> columns;  ///< of the result, in the order in which they are shown
  std::size_t rows = 10;        ///< shown at the most
};

/// A definition file: its name as messages show it, and its text.
struct DefinitionFile {
  std::string name;
  std::string text;
};

/// Parses one file wholly. Every mistake is reported; nothing is returned when there is one.
std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file);

/// The files that are part of the program.
std::vector<DefinitionFile> builtin_files();

/// Their definitions, by name.
std::vector<Definition> builtin();

}  // namespace pgvigil::evidence
