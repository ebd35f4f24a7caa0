#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/definition.h"
#include "collectors/evidence/collected.h"
#include "collectors/model/diagnostic.h"

namespace pgvigil::evidence {

/// What the values of a column are. `statement`: SQL, of which nobody sees a literal. `application`: the name
/// that a client gave itself, of which nobody sees what may be a literal. `ratio`: 1 is all. `time`: Unix
/// time in seconds.
enum class ColumnKind : std::uint8_t { text, count, seconds, bytes, statement, application, ratio, time };

/// The words of definition files, in the order of the enumerators.
inline constexpr std::array<std::string_view, 8> k_column_words = {
    "text", "count", "seconds", "bytes", "statement", "application", "ratio", "time"};

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;

  bool operator==(const Column&) const = default;
};

/// What shows a person what is behind an alert: rows for reading, where a collector gives series. See
/// docs/evidence.md for the format of its file.
struct Definition {
  /// Its name, its title (`help`), what it is of and its queries: what plan.h looks at.
  collectors::Definition asks;
  std::vector<Column> columns;  ///< in the order in which they are shown
  std::size_t rows = 10;        ///< shown at the most
  /// Its rows are of what was collected before; its query, where there is one, completes them.
  std::optional<Collected> collected = {};
  /// The agent adds what it has seen change, to columns of text, text and seconds.
  bool adds_changes = false;
};

/// A definition file: its name as messages show it, and its text.
struct DefinitionFile {
  std::string name;
  std::string text;
};

/// Parses one file wholly, but for PromQL, of which this floor knows nothing. Every mistake is reported;
/// nothing is returned when there is one.
std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file);

/// Of evidence that was collected: what its query alone gives, with the columns that tell rows apart.
Definition completing(const Definition& definition);

/// The files that are part of the program.
std::vector<DefinitionFile> builtin_files();

/// Their definitions, by name.
std::vector<Definition> builtin();

}  // namespace pgvigil::evidence
