#include "agent/advice/advice_table.h"

#include <memory>

#include "collectors/model/table_builder.h"

namespace pgvigil::agent {
namespace {

enum Column : std::uint16_t { k_kind, k_datname, k_schemaname, k_relname, k_object, k_confidence, k_id };
enum Value : std::size_t { k_one, k_bytes, k_seconds, k_other };

std::shared_ptr<const TableSchema> schema() {
  auto schema = std::make_shared<TableSchema>();
  for (const char* name : {"kind", "datname", "schemaname", "relname", "object", "confidence", "id"})
    schema->labels.push_back(*LabelName::parse(name));
  const std::vector<std::uint16_t> all = {k_kind,   k_datname,    k_schemaname, k_relname,
                                          k_object, k_confidence, k_id};
  const auto add = [&](const char* name, Unit unit, const char* help) {
    schema->metrics.push_back({*MetricName::parse(name), MetricType::gauge, unit, help, all});
  };
  add("pgvigil_advice", Unit::none,
      "1 for each piece of advice that stands and that nobody dismissed; GET /api/v1/advice tells why, and "
      "what to do.");
  add("pgvigil_advice_impact_bytes", Unit::bytes,
      "What following the advice is worth, in bytes, where its kind counts these.");
  add("pgvigil_advice_impact_seconds", Unit::seconds,
      "What following the advice is worth, in seconds of execution, where its kind counts these.");
  add("pgvigil_advice_impact", Unit::none,
      "What following the advice is worth, in what its kind counts (rows, a ratio), where these are neither "
      "bytes nor seconds.");
  return schema;
}

Value column_of(Unit unit) {
  if (unit == Unit::bytes) return k_bytes;
  return unit == Unit::seconds ? k_seconds : k_other;
}

}  // namespace

Table advice_table(std::span<const rules::advice::Advice> advice, std::size_t most, Timestamp taken_at) {
  const auto shown = advice.first(std::min(most, advice.size()));
  TableBuilder builder(schema(), 2 * most);
  for (const rules::advice::Advice& one : shown) {
    builder.add_row();
    builder.set_label(k_kind, one.kind);
    builder.set_label(k_datname, one.object.datname);
    builder.set_label(k_schemaname, one.object.schemaname);
    builder.set_label(k_relname, one.object.relname);
    builder.set_label(k_object, one.object.name);
    builder.set_label(k_confidence, to_string(one.confidence));
    builder.set_label(k_id, one.id);
    builder.set_value(k_one, 1);
    builder.set_value(column_of(one.impact.unit), one.impact.value);
  }
  return std::move(builder).finish(taken_at);
}

}  // namespace pgvigil::agent
