#include <catch2/catch.hpp>

#include <algorithm>

#include "agent/watching/target/changes.h"
#include "collectors/model/table_builder.h"

using namespace pgvigil;
using namespace pgvigil::agent;

namespace {

/// Two metrics: "limit" with the label "name", and "mode" without one.
Table table_of(const std::vector<std::pair<std::string, double>>& limits, std::optional<double> mode) {
  auto schema = std::make_shared<TableSchema>();
  schema->labels.push_back(*LabelName::parse("name"));
  schema->metrics.push_back({MetricName::from("limit"), MetricType::gauge, Unit::none, "A limit.", {0}});
  schema->metrics.push_back({MetricName::from("mode"), MetricType::gauge, Unit::none, "A mode.", {}});
  TableBuilder builder(schema, 100);
  for (const auto& [name, limit] : limits) {
    builder.add_row();
    builder.set_label(0, name);
    builder.set_value(0, limit);
  }
  if (mode) {
    builder.add_row();
    builder.set_value(1, *mode);
  }
  return std::move(builder).finish({});
}

}  // namespace

TEST_CASE("series that read another value are told, whatever their place", "[changes]") {
  const Table before = table_of({{"a", 1}, {"b", 2}, {"gone", 3}}, 0);
  const Table after = table_of({{"new", 9}, {"b", 2}, {"a", 5}}, 1);
  const auto changes = changes_between(before, after, 10);
  REQUIRE(changes.size() == 2);
  const auto limit = std::ranges::find(changes, "limit{name=a}", &Change::series);
  REQUIRE(limit != changes.end());
  CHECK(limit->before == 1);
  CHECK(limit->now == 5);
  CHECK(std::ranges::count(changes, "mode", &Change::series) == 1);
  CHECK(changes_between(before, after, 1).size() == 1);
}

TEST_CASE("what comes or goes is no change of a value", "[changes]") {
  CHECK(changes_between(table_of({{"a", 1}}, 0), table_of({{"b", 2}}, std::nullopt), 10).empty());
  CHECK(changes_between(table_of({{"a", 1}}, 0), table_of({{"a", 1}}, 0), 10).empty());
}
