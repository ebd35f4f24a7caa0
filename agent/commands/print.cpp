#include "agent/commands/print.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/watching/exposition/exposition.h"

namespace pgvigil::agent {
namespace {

using nlohmann::json;

std::string number(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

json json_of(const Table& table) {
  const TableSchema& schema = table.schema();
  json columns = json::array();
  for (const LabelName& label : schema.labels)
    columns.push_back({{"name", label.text()}, {"kind", "label"}});
  for (const Metric& metric : schema.metrics)
    columns.push_back({{"name", metric.name.text()},
                       {"kind", "value"},
                       {"type", to_string(metric.type)},
                       {"unit", to_string(metric.unit)},
                       {"help", metric.help}});
  json rows = json::array();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    json cells = json::array();
    for (std::size_t i = 0; i < schema.labels.size(); ++i)
      cells.push_back(table.label(row, i));
    for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
      const auto value = table.value(row, i);
      if (!value)
        cells.push_back(nullptr);
      else if (std::isfinite(*value))
        cells.push_back(*value);
      else
        cells.push_back(number(*value));
    }
    rows.push_back(std::move(cells));
  }
  const double taken_at = std::chrono::duration<double>(table.taken_at().time_since_epoch()).count();
  return {{"taken_at", taken_at}, {"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

}  // namespace

void print(const Diagnostics& diagnostics, std::FILE* to) {
  for (const Diagnostic& diagnostic : diagnostics)
    fmt::print(to, "{}\n", to_string(diagnostic));
}

std::string as_text(const Table& table) {
  const TableSchema& schema = table.schema();
  std::vector<std::vector<std::string>> rows(1);
  for (const LabelName& label : schema.labels)
    rows[0].push_back(label.text());
  for (const Metric& metric : schema.metrics)
    rows[0].push_back(metric.name.text());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    auto& cells = rows.emplace_back();
    for (std::size_t i = 0; i < schema.labels.size(); ++i)
      cells.emplace_back(table.label(row, i));
    for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
      const auto value = table.value(row, i);
      cells.push_back(value ? number(*value) : "-");
    }
  }
  return aligned(rows);
}

std::string as_json(const Table& table) {
  return json_of(table).dump(2) + "\n";
}

std::string as_text(const std::vector<ServerTable>& tables) {
  std::string text;
  for (const ServerTable& each : tables)
    text += (text.empty() ? "== " : "\n== ") + each.server + " ==\n" + as_text(each.table);
  return text;
}

std::string as_json(const std::vector<ServerTable>& tables) {
  json list = json::array();
  for (const ServerTable& each : tables) {
    list.push_back(json_of(each.table));
    list.back()["server"] = each.server;
  }
  return list.dump(2) + "\n";
}

}  // namespace pgvigil::agent
