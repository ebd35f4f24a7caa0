#include "agent/notify/evidence_text.h"

#include <fmt/core.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/text_table.h"
#include "rules/template/format.h"

namespace pgvigil::agent {
namespace {

using evidence::ColumnKind;
using nlohmann::json;

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string shown(const std::optional<std::string>& cell, ColumnKind kind) {
  if (!cell) return "-";
  const auto value = number(*cell);
  if (value && kind == ColumnKind::seconds) return rules::templates::humanize_duration(*value);
  if (value && kind == ColumnKind::bytes) return rules::templates::humanize1024(*value) + "B";
  return *cell;
}

json json_cell(const std::optional<std::string>& cell, ColumnKind kind) {
  if (!cell) return nullptr;
  const bool is_text = kind == ColumnKind::text || kind == ColumnKind::statement;
  const auto value = is_text ? std::nullopt : number(*cell);
  return value ? json(*value) : json(*cell);
}

}  // namespace

std::string evidence_text(const evidence::Evidence& seen) {
  if (seen.rows.empty()) return "nothing\n";
  std::vector<std::vector<std::string>> rows(1);
  for (const evidence::Column& column : seen.columns)
    rows[0].push_back(column.name);
  for (const auto& cells : seen.rows) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i)
      row.push_back(shown(cells[i], seen.columns[i].kind));
  }
  std::string text = aligned(rows);
  if (seen.left_out > 0) text += fmt::format("and {} more\n", seen.left_out);
  return text;
}

std::string evidence_json(const evidence::Evidence& seen) {
  json columns = json::array();
  for (const evidence::Column& column : seen.columns)
    columns.push_back({{"name", column.name}, {"kind", evidence::k_column_words[static_cast<std::size_t>(column.kind)]}});
  json rows = json::array();
  for (const auto& cells : seen.rows) {
    json row = json::array();
    for (std::size_t i = 0; i < cells.size(); ++i)
      row.push_back(json_cell(cells[i], seen.columns[i].kind));
    rows.push_back(std::move(row));
  }
  return json{{"name", seen.name},
              {"title", seen.title},
              {"taken_at", std::chrono::duration<double>(seen.taken_at.time_since_epoch()).count()},
              {"columns", std::move(columns)},
              {"rows", std::move(rows)},
              {"left_out", seen.left_out}}
             .dump(2) +
         "\n";
}

}  // namespace pgvigil::agent
