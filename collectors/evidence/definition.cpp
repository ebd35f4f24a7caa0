#include "collectors/evidence/definition.h"

#include <algorithm>
#include <iterator>
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

// As the enumerators.
constexpr std::array<std::string_view, 6> k_scope_words = {"server", "database", "pooler",
                                                           "host",   "backups",  "patroni"};
constexpr std::array<std::string_view, 1> k_added_words = {"changes"};

/// Whoever waits for a message waits for this, too.
constexpr seconds k_timeout{2};
constexpr milliseconds k_least_timeout{10};
constexpr std::int64_t k_most_rows = 100;
/// Of a query that completes rows: it does not know which are shown.
constexpr std::size_t k_most_completing = 500;

void read_scope(Section& root, collectors::Definition& asks) {
  if (const auto word = root.choice("scope", k_scope_words))
    asks.scope = Scope{static_cast<std::uint8_t>(*word)};
  if (asks.scope == Scope::host) asks.kind = ServerKind::host;
  if (asks.scope == Scope::backups) asks.kind = ServerKind::backups;
  if (asks.scope == Scope::patroni) asks.kind = ServerKind::patroni;
  const bool is_of_pooler = asks.scope == Scope::pooler;
  if (is_of_pooler && !root.require("pooler")) return;
  const auto pooler = root.choice("pooler", k_pooler_words);
  if (pooler && is_of_pooler) asks.kind = pooler_of_word(*pooler);
  if (pooler && !is_of_pooler) root.report("pooler", "'pooler' is for evidence with scope = \"pooler\"");
}

void read_top(Section& root, Definition& definition) {
  collectors::Definition& asks = definition.asks;
  if (root.require("name")) asks.name = root.string("name").value_or("");
  if (root.require("title")) asks.help = root.string("title").value_or("");
  collectors::refuse_empty(root, {"name", "title", "needs", "extension"});
  read_scope(root, asks);
  asks.timeout = root.duration("timeout", k_least_timeout).value_or(k_timeout);
  asks.needs = root.string("needs").value_or("");
  asks.extension = root.string("extension").value_or("");
  if (const auto rows = root.integer("rows", 1, k_most_rows))
    definition.rows = static_cast<std::size_t>(*rows);
  definition.adds_changes = root.choice("adds", k_added_words).has_value();
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

bool is_filled(const Collected& collected, const std::string& column) {
  return std::ranges::find(collected.by, column) != collected.by.end() ||
         std::ranges::find(collected.columns, column, &SeriesColumn::name) != collected.columns.end() ||
         std::ranges::find(collected.completes, column) != collected.completes.end();
}

/// Every column is filled by something, and nothing fills what is no column.
void check_columns(Section& root, const Definition& definition) {
  if (definition.adds_changes) {
    const bool fits = definition.columns.size() == 3 && definition.columns.back().kind == ColumnKind::seconds;
    if (!fits) root.report("adds", "changes are added to three columns, the last of them of seconds");
  }
  if (!definition.collected) return;
  const Collected& collected = *definition.collected;
  for (const Column& column : definition.columns)
    if (!is_filled(collected, column.name))
      root.report("columns", "nothing fills the column '" + column.name + "'",
                  "Name it in 'by', [series], [text.NAME] or 'completes'.");
  std::vector<std::string> names = collected.by;
  for (const SeriesColumn& column : collected.columns)
    names.push_back(column.name);
  std::ranges::copy(collected.completes, std::back_inserter(names));
  for (const std::string& name : names)
    if (std::ranges::find(definition.columns, name, &Column::name) == definition.columns.end())
      root.report_here("there is no column '" + name + "'", "Name it in [columns].");
}

/// What is collected is read from series; all else is asked of the server.
void check_sources(Section& root, const Definition& definition) {
  const bool asks_server = !definition.asks.queries.empty();
  if (!definition.collected) {
    if (!asks_server)
      root.report_here("missing [[query]]", "Or 'collectors' and [series], for what was collected.");
    if (definition.asks.kind != ServerKind::postgres)
      root.report("scope", "only Postgres is asked at the moment of an alert",
                  "Give 'collectors' and [series].");
  } else if (asks_server == definition.collected->completes.empty()) {
    root.report("completes", "'completes' and [[query]] go together");
  }
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
  if (root.has("collectors")) definition.collected = read_collected(root);
  read_columns(root, definition);
  check_sources(root, definition);
  check_columns(root, definition);
  root.finish();
  if (diagnostics.empty()) return definition;
  sort_by_place(diagnostics);
  return std::unexpected(std::move(diagnostics));
}

Definition completing(const Definition& definition) {
  const auto is_in = [](const std::vector<std::string>& names, const Column& column) {
    return std::ranges::find(names, column.name) != names.end();
  };
  Definition query = definition;
  query.rows = k_most_completing;
  std::erase_if(query.columns, [&](const Column& column) {
    return !is_in(definition.collected->by, column) && !is_in(definition.collected->completes, column);
  });
  return query;
}

std::vector<Definition> builtin() {
  std::vector<Definition> definitions;
  for (const DefinitionFile& file : builtin_files())
    definitions.push_back(parse_definition(file.text, "built-in " + file.name).value());
  std::ranges::sort(definitions, {}, [](const Definition& each) { return std::string_view(each.asks.name); });
  return definitions;
}

}  // namespace pgvigil::evidence
