#include "collectors/evidence/definition.h"

#include <algorithm>
#include <utility>

#include "collectors/keys/query.h"
#include "collectors/keys/reading.h"
#include "collectors/toml/document.h"

namespace pgvigil::evidence {
namespace {

using collectors::Reading;
using collectors::Scope;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 2> k_scope_words = {"server", "database"};  // as the enumerators

/// Whoever waits for a message waits for this, too.
constexpr seconds k_timeout{2};
constexpr milliseconds k_least_timeout{10};
constexpr std::int64_t k_most_rows = 100;

void read_top(Section& root, Definition& definition) {
  collectors::Definition& asks = definition.asks;
  if (root.require("name")) asks.name = root.string("name").value_or("");
  if (root.require("title")) asks.help = root.string("title").value_or("");
  collectors::refuse_empty(root, {"name", "title", "needs", "extension"});
  if (const auto word = root.choice("scope", k_scope_words)) asks.scope = Scope{static_cast<std::uint8_t>(*word)};
  asks.timeout = root.duration("timeout", k_least_timeout).value_or(k_timeout);
  asks.needs = root.string("needs").value_or("");
  asks.extension = root.string("extension").value_or("");
  if (const auto rows = root.integer("rows", 1, k_most_rows))
    definition.rows = static_cast<std::size_t>(*rows);
}

void read_columns(Section& root, Definition& definition) {
  if (!root.require("columns")) return;
  auto columns = root.section("columns");
  if (!columns) return;
  for (const std::string& name : columns->keys())
    if (const auto word = columns->choice(name, k_column_words))
      definition.columns.push_back({name, ColumnKind{static_cast<std::uint8_t>(*word)}});
  columns->finish();
}

}  // namespace

std::expected<Definition, Diagnostics> parse_definition(std::string_view toml, std::string file) {
  const auto document = TomlDocument::parse(toml, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics diagnostics;
  Section root = document->root(diagnostics);
  Definition definition;
  read_top(root, definition);
  Reading reading{.definition = std::move(definition.asks)};
  reading.definition.file = std::move(file);
  for (Section query : root.sections("query"))
    reading.definition.queries.push_back(collectors::read_query(query, reading));
  definition.asks = std::move(reading.definition);
  if (!root.has("query")) root.report_here("missing [[query]]");
  read_columns(root, definition);
  root.finish();
  if (diagnostics.empty()) return definition;
  sort_by_place(diagnostics);
  return std::unexpected(std::move(diagnostics));
}

std::vector<Definition> builtin() {
  std::vector<Definition> definitions;
  for (const DefinitionFile& file : builtin_files())
    definitions.push_back(parse_definition(file.text, "built-in " + file.name).value());
  std::ranges::sort(definitions, {}, [](const Definition& each) { return std::string_view(each.asks.name); });
  return definitions;
}

}  // namespace pgvigil::evidence
