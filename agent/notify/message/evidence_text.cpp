#include "agent/notify/message/evidence_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/notify/message/text.h"
#include "agent/text_table.h"
#include "collectors/model/instant.h"
#include "rules/promql/number.h"
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

/// Of what Postgres has for "never" and "always".
bool is_instant(double unix_seconds) {
  return std::abs(unix_seconds) < static_cast<double>(k_last_instant.time_since_epoch().count());
}

/// To the second: "2026-11-27 20:14:03Z".
std::string time_text(double unix_seconds) {
  std::string text = notify::rfc3339(timestamp_of(std::round(unix_seconds)));
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string shown(const std::optional<std::string>& cell, ColumnKind kind) {
  if (!cell) return "-";
  const auto value = number(*cell);
  if (value && kind == ColumnKind::seconds) return rules::templates::humanize_duration(*value);
  if (value && kind == ColumnKind::bytes) return rules::templates::humanize1024(*value) + "B";
  if (value && kind == ColumnKind::ratio) return fmt::format("{:.3g} %", *value * 100);
  if (value && kind == ColumnKind::time && is_instant(*value)) return time_text(*value);
  return *cell;
}

json json_cell(const std::optional<std::string>& cell, ColumnKind kind) {
  if (!cell) return nullptr;
  const bool is_text =
      kind == ColumnKind::text || kind == ColumnKind::statement || kind == ColumnKind::application;
  const auto value = is_text ? std::nullopt : number(*cell);
  return value ? json(*value) : json(*cell);
}

}  // namespace

std::vector<std::vector<std::string>> evidence_cells(const evidence::Evidence& seen) {
  std::vector<std::vector<std::string>> rows(1);
  for (const evidence::Column& column : seen.columns)
    rows[0].push_back(column.name);
  for (const auto& cells : seen.rows) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i)
      row.push_back(shown(cells[i], seen.columns[i].kind));
  }
  return rows;
}

std::string evidence_text(const evidence::Evidence& seen) {
  std::string text = seen.rows.empty() ? "nothing\n" : aligned(evidence_cells(seen));
  if (seen.left_out > 0) text += fmt::format("and {} more\n", seen.left_out);
  if (!seen.remark.empty()) text += seen.remark + "\n";
  return text;
}

std::string evidence_json(const evidence::Evidence& seen) {
  json columns = json::array();
  for (const evidence::Column& column : seen.columns)
    columns.push_back(
        {{"name", column.name}, {"kind", evidence::k_column_words[static_cast<std::size_t>(column.kind)]}});
  json rows = json::array();
  for (const auto& cells : seen.rows) {
    json row = json::array();
    for (std::size_t i = 0; i < cells.size(); ++i)
      row.push_back(json_cell(cells[i], seen.columns[i].kind));
    rows.push_back(std::move(row));
  }
  return json{
             {"name", seen.name},
             {"title", seen.title},
             {"taken_at", std::chrono::duration<double>(
                              std::chrono::floor<std::chrono::milliseconds>(seen.taken_at).time_since_epoch())
                              .count()},
             {"columns", std::move(columns)},
             {"rows", std::move(rows)},
             {"left_out", seen.left_out},
             {"remark", seen.remark}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

std::optional<evidence::Evidence> evidence_from_json(std::string_view text) {
  try {
    const json value = json::parse(text);
    evidence::Evidence seen{
        .name = value.at("name"), .title = value.at("title"), .left_out = value.at("left_out")};
    seen.remark = value.value("remark", "");
    seen.taken_at = timestamp_of(value.at("taken_at").get<double>());
    for (const json& column : value.at("columns")) {
      const auto kind = std::ranges::find(evidence::k_column_words, column.at("kind").get<std::string>());
      if (kind == evidence::k_column_words.end()) return std::nullopt;
      seen.columns.push_back(
          {column.at("name"), evidence::ColumnKind(kind - evidence::k_column_words.begin())});
    }
    for (const json& cells : value.at("rows")) {
      auto& row = seen.rows.emplace_back();
      for (const json& cell : cells)
        row.push_back(cell.is_null()     ? std::nullopt
                      : cell.is_string() ? std::optional(cell.get<std::string>())
                                         : std::optional(promql::format_general(cell.get<double>())));
      if (row.size() != seen.columns.size()) return std::nullopt;
    }
    return seen;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace pgvigil::agent
