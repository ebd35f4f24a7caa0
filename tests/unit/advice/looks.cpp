#include "tests/unit/advice/looks.h"

#include <algorithm>
#include <set>

#include "collectors/model/table_builder.h"

namespace pgvigil::tests {

using namespace rules::advice;

std::shared_ptr<const Table> table_of(const std::vector<LiteralRow>& rows) {
  std::set<std::string> labels;
  std::set<std::string> metrics;
  for (const LiteralRow& row : rows) {
    for (const auto& [name, text] : row.labels)
      labels.insert(name);
    for (const auto& [name, value] : row.values)
      metrics.insert(name);
  }
  auto schema = std::make_shared<TableSchema>();
  for (const std::string& name : labels)
    schema->labels.push_back(*LabelName::parse(name));
  std::vector<std::uint16_t> all;
  for (std::size_t i = 0; i < labels.size(); ++i)
    all.push_back(static_cast<std::uint16_t>(i));
  for (const std::string& name : metrics)
    schema->metrics.push_back({*MetricName::parse(name), MetricType::gauge, Unit::none, "A number.", all});
  TableBuilder builder(schema, 100'000);
  for (const LiteralRow& row : rows) {
    builder.add_row();
    std::size_t column = 0;
    for (const std::string& name : labels) {
      if (const auto text = row.labels.find(name); text != row.labels.end())
        builder.set_label(column, text->second);
      ++column;
    }
    column = 0;
    for (const std::string& name : metrics) {
      if (const auto value = row.values.find(name); value != row.values.end())
        builder.set_value(column, value->second);
      ++column;
    }
  }
  return std::make_shared<const Table>(std::move(builder).finish(Timestamp(k_now)));
}

Look look_of(const std::map<std::string, std::vector<LiteralRow>>& tables) {
  Look look;
  look.now = Timestamp(k_now);
  look.user = "pgvigil";
  for (const auto& [collector, rows] : tables)
    look.tables.emplace(collector, table_of(rows));
  return look;
}

Opinion opinion(std::string_view kind, const Look& look) {
  const auto book = shipped_thresholds();
  return advise(*find_advisor(kind), look, book.find(kind)->second);
}

std::string findings(std::string_view kind, const Look& look) {
  const Opinion found = opinion(kind, look);
  if (found.blind) return "blind: " + *found.blind;
  std::string text;
  for (const Advice& advice : found.advice) {
    const Object& object = advice.object;
    const std::string name = object.name.empty() ? object.relname : object.name;
    text += (text.empty() ? "" : " ") + (advice.unproven_for.count() > 0 ? "(" + name + ")" : name);
  }
  return text;
}

}  // namespace pgvigil::tests
