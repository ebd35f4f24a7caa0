#include "collectors/keys/query.h"

#include <algorithm>
#include <span>

#include "collectors/backups/sources.h"
#include "collectors/host/sources.h"
#include "collectors/keys/range.h"
#include "collectors/patroni/sources.h"
#include "collectors/sql_shape.h"

namespace pgvigil::collectors {
namespace {

void read_extension_versions(Section& section, Reading& reading, QueryDefinition& query) {
  const auto text = section.string("extension_versions");
  if (!text) return;
  // Written as the versions of a pooler are: 1.9 comes before 1.10.
  const auto versions = parse_versions(*text, ServerKind::pgbouncer);
  if (!versions) {
    section.report("extension_versions", "bad versions '" + *text + "'",
                   "Write versions of the extension: \"1.9-\", \"1.8-1.10\" or \"1.12\".");
    reading.knows_ranges = false;
  } else if (reading.definition.extension.empty()) {
    section.report("extension_versions", "the collector names no extension",
                   "Write extension = \"...\" above the first [[query]].");
  }
  query.extension_versions = versions.value_or(VersionRange{});
}

void read_sql(Section& section, const Definition& definition, QueryDefinition& query) {
  if (!section.require("sql")) return;
  auto sql = section.string("sql");
  if (!sql) return;
  query.sql = std::move(*sql);
  const auto at = query.sql.find(k_extension_schema);
  if (at != std::string::npos && definition.extension.empty())
    section.report_within("sql", at, "the collector names no extension whose schema this could be",
                          "Write extension = \"...\" above the first [[query]].");
  if (const auto checked = check_sql_shape(query.sql); !checked)
    section.report_within("sql", checked.error().offset, checked.error().message, checked.error().hint);
}

void check_console_command(Section& section, const std::string& sql) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n'; };
  const std::string word =
      sql.substr(0, static_cast<std::size_t>(std::ranges::find_if(sql, is_space) - sql.begin()));
  if (word != "SHOW" && word != "show")
    section.report_within("sql", 0, "a console is only asked to SHOW",
                          "Write the command as it is typed there: \"SHOW POOLS\".");
}

/// What is read where there is no SQL.
void read_name(Section& section, std::span<const std::string_view> words, QueryDefinition& query) {
  if (!section.require("read")) return;
  if (const auto word = section.choice("read", words)) query.sql = words[*word];
}

/// Where the rows come from: `sql`, of a pooler's console a SHOW; of the host a name.
void read_source(Section& section, const Definition& definition, QueryDefinition& query) {
  if (definition.scope == Scope::host) return read_name(section, host::k_source_words, query);
  if (definition.scope == Scope::patroni) return read_name(section, patroni::k_source_words, query);
  if (definition.scope == Scope::backups) return read_name(section, backups::k_source_words, query);
  read_sql(section, definition, query);
  if (definition.scope == Scope::pooler && !query.sql.empty()) check_console_command(section, query.sql);
}

}  // namespace

QueryDefinition read_query(Section& section, Reading& reading) {
  QueryDefinition query;
  read_range(section, reading, query);
  read_extension_versions(section, reading, query);
  read_source(section, reading.definition, query);
  section.finish();
  return query;
}

}  // namespace pgvigil::collectors
