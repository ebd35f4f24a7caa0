#include "rules/advice/sql.h"

#include <algorithm>
#include <array>

namespace pgvigil::rules::advice {
namespace {

// The reserved words of Postgres 13 to 18 (src/include/parser/kwlist.h: RESERVED and TYPE_FUNC_NAME), sorted.
// clang-format off
constexpr auto k_reserved = std::to_array<std::string_view>(
    {"all",         "analyse",     "analyze",       "and",          "any",           "array",
     "as",          "asc",         "asymmetric",    "authorization", "binary",       "both",
     "case",        "cast",        "check",         "collate",      "collation",     "column",
     "concurrently", "constraint", "create",        "cross",        "current_catalog", "current_date",
     "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "default",
     "deferrable",  "desc",        "distinct",      "do",           "else",          "end",
     "except",      "false",       "fetch",         "for",          "foreign",       "freeze",
     "from",        "full",        "grant",         "group",        "having",        "ilike",
     "in",          "initially",   "inner",         "intersect",    "into",          "is",
     "isnull",      "join",        "lateral",       "leading",      "left",          "like",
     "limit",       "localtime",   "localtimestamp", "natural",     "not",           "notnull",
     "null",        "offset",      "on",            "only",         "or",            "order",
     "outer",       "overlaps",    "placing",       "primary",      "references",    "returning",
     "right",       "select",      "session_user",  "similar",      "some",          "symmetric",
     "system_user", "table",       "tablesample",   "then",         "to",            "trailing",
     "true",        "union",       "unique",        "user",         "using",         "variadic",
     "verbose",     "when",        "where",         "window",       "with"});
// clang-format on
static_assert(std::ranges::is_sorted(k_reserved));

bool is_plain(std::string_view name) {
  const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && is_first(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_first(c) || (c >= '0' && c <= '9'); }) &&
         !std::ranges::binary_search(k_reserved, name);
}

std::string doubled(std::string_view text, char quote) {
  std::string result;
  for (const char c : text) {
    if (c == quote) result += c;
    result += c;
  }
  return result;
}

}  // namespace

std::string quoted_identifier(std::string_view name) {
  return is_plain(name) ? std::string(name) : "\"" + doubled(name, '"') + "\"";
}

std::string qualified(std::string_view schema, std::string_view name) {
  return quoted_identifier(schema) + "." + quoted_identifier(name);
}

std::string quoted_literal(std::string_view text) {
  const bool has_backslash = text.find('\\') != std::string_view::npos;
  const std::string quoted = "'" + doubled(text, '\'') + "'";
  return has_backslash ? "E" + doubled(quoted, '\\') : quoted;
}

std::string create_concurrently(std::string_view definition) {
  constexpr std::string_view k_index = " INDEX ";
  const std::size_t index = definition.find(k_index);
  if (!definition.starts_with("CREATE ") || index == std::string_view::npos)
    return std::string(definition) + ";";
  const std::size_t place = index + k_index.size();
  return std::string(definition.substr(0, place)) + "CONCURRENTLY " + std::string(definition.substr(place)) +
         ";";
}

std::string commented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    result += (line.starts_with("--") ? "" : "-- ") + std::string(line) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!result.empty()) result.pop_back();
  return result;
}

}  // namespace pgvigil::rules::advice
