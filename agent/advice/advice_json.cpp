#include "agent/advice/advice_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace pgvigil::agent {
namespace {

using nlohmann::json;
using namespace rules::advice;

double epoch(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

json rows_of(const Table& table) {
  const TableSchema& schema = table.schema();
  json rows = json::array();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    json cells = json::object();
    for (std::size_t i = 0; i < schema.labels.size(); ++i)
      cells[schema.labels[i].text()] = table.label(row, i);
    for (std::size_t i = 0; i < schema.metrics.size(); ++i)
      if (const auto value = table.value(row, i); value && std::isfinite(*value))
        cells[schema.metrics[i].name.text()] = *value;
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace

json as_json(const Advice& advice) {
  const Object& object = advice.object;
  return {{"id", advice.id},
          {"kind", advice.kind},
          {"object",
           {{"datname", object.datname},
            {"schemaname", object.schemaname},
            {"relname", object.relname},
            {"name", object.name}}},
          {"why", advice.why},
          {"impact",
           {{"value", advice.impact.value},
            {"unit", to_string(advice.impact.unit)},
            {"words", advice.impact.words}}},
          {"confidence", to_string(advice.confidence)},
          {"doubts", advice.doubts},
          {"fix", {{"sql", advice.fix.text}, {"needs_thought", advice.fix.needs_thought}}},
          {"undo", advice.undo},
          {"evidence", rows_of(advice.evidence)},
          {"unproven_for_seconds", advice.unproven_for.count()},
          {"first_seen", advice.first_seen ? json(epoch(*advice.first_seen)) : json()}};
}

json as_json(const Opinion& opinion) {
  json advice = json::array();
  for (const Advice& one : opinion.advice)
    advice.push_back(as_json(one));
  return {{"kind", opinion.kind},
          {"advice", std::move(advice)},
          {"blind", opinion.blind ? json(*opinion.blind) : json()},
          {"unseen_databases", opinion.unseen},
          {"unsure", opinion.unsure}};
}

}  // namespace pgvigil::agent
