#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "collectors/model/table_builder.h"

using namespace pgvigil;

namespace {

Metric metric(const char* name, std::vector<std::uint16_t> labels) {
  return {*MetricName::parse(name), MetricType::gauge, Unit::none, "Only a test, nothing is counted.",
          std::move(labels)};
}

/// Two labels; `full` carries both, `partial` only the first.
std::shared_ptr<const TableSchema> two_labels() {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("datname"), *LabelName::parse("mode")};
  schema->metrics = {metric("full", {0, 1}), metric("partial", {0})};
  return schema;
}

void add(TableBuilder& builder, std::string_view datname, std::string_view mode, double full) {
  builder.add_row();
  builder.set_label(0, datname);
  builder.set_label(1, mode);
  builder.set_value(0, full);
}

constexpr std::size_t k_no_limit = 1'000'000;

}  // namespace

TEST_CASE("a value that was not set is absent and not 0") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "a", "x", 0);
  const Table table = std::move(builder).finish({});
  CHECK(table.value(0, 0) == 0);
  CHECK(table.value(0, 1) == std::nullopt);
  CHECK(table.series() == 1);
}

TEST_CASE("NaN is a value") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "a", "x", std::numeric_limits<double>::quiet_NaN());
  const Table table = std::move(builder).finish({});
  REQUIRE(table.has(0, 0));
  CHECK(std::isnan(*table.value(0, 0)));
}

TEST_CASE("rows beyond 64 keep their presence apart") {
  TableBuilder builder(two_labels(), k_no_limit);
  for (int i = 0; i < 200; ++i) {
    add(builder, "db" + std::to_string(i), "x", i);
    if (i % 3 == 0) builder.set_value(1, -i);
  }
  const Table table = std::move(builder).finish({});
  REQUIRE(table.rows() == 200);
  for (std::size_t i = 0; i < 200; ++i) {
    CHECK(table.value(i, 0) == static_cast<double>(i));
    CHECK(table.has(i, 1) == (i % 3 == 0));
    CHECK(table.label(i, 0) == "db" + std::to_string(i));
  }
}

TEST_CASE("equal label texts share one symbol") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "payments", "x", 1);
  add(builder, "payments", "y", 2);
  const Table table = std::move(builder).finish({});
  CHECK(table.label_id(0, 0) == table.label_id(1, 0));
  CHECK(table.label_id(0, 1) != table.label_id(1, 1));
}

TEST_CASE("of two samples with the same labels the first stays and the other is counted") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "a", "x", 1);
  add(builder, "a", "x", 2);
  add(builder, "a", "y", 3);
  const Table table = std::move(builder).finish({});
  CHECK(table.value(0, 0) == 1);
  CHECK_FALSE(table.has(1, 0));
  CHECK(table.value(2, 0) == 3);
  CHECK(table.left_out().duplicates == 1);
  CHECK(table.series() == 2);
}

TEST_CASE("a metric with fewer labels than its table has its own duplicates") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "a", "x", 1);
  add(builder, "a", "y", 2);
  builder.set_value(1, 20);
  add(builder, "a", "z", 3);
  builder.set_value(1, 30);
  const Table table = std::move(builder).finish({});
  // 'partial' was absent in the first row of database a: it takes the second row's value; the third is a
  // duplicate.
  CHECK(table.value(0, 1) == 20);
  CHECK_FALSE(table.has(1, 1));
  CHECK_FALSE(table.has(2, 1));
  CHECK(table.left_out().duplicates == 1);
  CHECK(table.value(2, 0) == 3);
}

TEST_CASE("rows beyond the limit of series are dropped and counted") {
  TableBuilder builder(two_labels(), 2);
  for (const char* mode : {"x", "y", "z", "w"})
    add(builder, "a", mode, 1);
  const Table table = std::move(builder).finish({});
  CHECK(table.rows() == 2);
  CHECK(table.series() == 2);
  CHECK(table.left_out().over_limit == 2);
}

TEST_CASE("a row that is taken back leaves nothing") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "a", "x", 1);
  add(builder, "b", "y", 2);
  builder.drop_row();
  add(builder, "c", "z", 3);
  const Table table = std::move(builder).finish({});
  REQUIRE(table.rows() == 2);
  CHECK(table.label(1, 0) == "c");
  CHECK(table.series() == 2);
}

TEST_CASE("invalid UTF-8 in a label value is replaced and counted") {
  TableBuilder builder(two_labels(), k_no_limit);
  add(builder, "caf\xE9", "ok", 1);
  const Table table = std::move(builder).finish({});
  CHECK(table.label(0, 0) == "caf\xEF\xBF\xBD");
  CHECK(table.left_out().bad_text == 1);
}

TEST_CASE("an empty table can be asked") {
  const Table table = TableBuilder(two_labels(), k_no_limit).finish({});
  CHECK(table.rows() == 0);
  CHECK(table.series() == 0);
  CHECK(table.values(0).empty());
}
