#include "agent/watching/exposition/exposition.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "collectors/model/table_builder.h"

using namespace pgvigil;
using namespace pgvigil::agent;

namespace {

Metric metric(const char* name, MetricType type, Unit unit, std::vector<std::uint16_t> labels) {
  return {*MetricName::parse(name), type, unit, "What " + std::string(name) + " counts.", std::move(labels)};
}

/// One label and three metrics over two databases; the gauge is absent in the second.
Table sample_table() {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("datname")};
  schema->metrics = {metric("pg_size_bytes", MetricType::gauge, Unit::bytes, {0}),
                     metric("pg_commits_total", MetricType::counter, Unit::none, {0}),
                     metric("pg_legacy_commits", MetricType::counter, Unit::none, {0})};
  TableBuilder builder(schema, 100);
  builder.add_row();
  builder.set_label(0, "payments");
  builder.set_value(0, 8192);
  builder.set_value(1, 7);
  builder.set_value(2, 7);
  builder.add_row();
  builder.set_label(0, "odd\"\\\nname");
  builder.set_value(1, 0.5);
  return std::move(builder).finish({});
}

std::string rendered(const Table& table, Format format, std::string_view constant = {}) {
  std::string text;
  render(table, format, constant, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

TEST_CASE("the text format shows each family with its help and type") {
  CHECK(rendered(sample_table(), Format::text) ==
        "# HELP pg_size_bytes What pg_size_bytes counts.\n"
        "# TYPE pg_size_bytes gauge\n"
        "pg_size_bytes{datname=\"payments\"} 8192\n"
        "# HELP pg_commits_total What pg_commits_total counts.\n"
        "# TYPE pg_commits_total counter\n"
        "pg_commits_total{datname=\"payments\"} 7\n"
        "pg_commits_total{datname=\"odd\\\"\\\\\\nname\"} 0.5\n"
        "# HELP pg_legacy_commits What pg_legacy_commits counts.\n"
        "# TYPE pg_legacy_commits counter\n"
        "pg_legacy_commits{datname=\"payments\"} 7\n");
}

TEST_CASE("OpenMetrics names counters without their suffix, and knows no counter that lacks it") {
  const std::string text = rendered(sample_table(), Format::openmetrics);
  CHECK(text.find("# TYPE pg_commits counter\n") != std::string::npos);
  CHECK(text.find("# HELP pg_commits What") != std::string::npos);
  CHECK(text.find("pg_commits_total{datname=\"payments\"} 7\n") != std::string::npos);
  CHECK(text.find("# TYPE pg_legacy_commits unknown\n") != std::string::npos);
  CHECK(text.find("# UNIT pg_size_bytes bytes\n") != std::string::npos);
}

TEST_CASE("OpenMetrics never has one family twice, though a counter has a twin without the suffix") {
  auto schema = std::make_shared<TableSchema>();
  schema->metrics = {metric("pg_checkpoints", MetricType::counter, Unit::none, {}),
                     metric("pg_checkpoints_total", MetricType::counter, Unit::none, {})};
  TableBuilder builder(schema, 100);
  builder.add_row();
  builder.set_value(0, 1);
  builder.set_value(1, 1);
  const std::string text = rendered(std::move(builder).finish({}), Format::openmetrics);
  CHECK(text.find("# TYPE pg_checkpoints unknown\n") != std::string::npos);
  CHECK(text.find("# TYPE pg_checkpoints_total unknown\n") != std::string::npos);
}

TEST_CASE("constant labels stand before a series's own") {
  const std::string labels = constant_labels({{"cluster", "ma\"in"}, {"region", "eu"}});
  CHECK(labels == "cluster=\"ma\\\"in\",region=\"eu\"");
  const std::string text = rendered(sample_table(), Format::text, labels);
  CHECK(text.find("pg_size_bytes{cluster=\"ma\\\"in\",region=\"eu\",datname=\"payments\"} 8192\n") !=
        std::string::npos);
}

TEST_CASE("numbers read back as the same double") {
  const auto shown = [](double value) {
    std::string text;
    append_number(text, value);
    return text;
  };
  CHECK(shown(0.1 + 0.2) == "0.30000000000000004");
  CHECK(shown(9007199254740993.0) == "9007199254740992");
  CHECK(shown(0) == "0");
  CHECK(shown(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(shown(-std::numeric_limits<double>::infinity()) == "-Inf");
  CHECK(shown(std::numeric_limits<double>::quiet_NaN()) == "NaN");
}

TEST_CASE("the format is the one that the client accepts") {
  CHECK(negotiate("") == Format::text);
  CHECK(negotiate("text/html,*/*;q=0.8") == Format::text);
  CHECK(negotiate(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == Format::openmetrics);
  CHECK(negotiate("text/plain, application/openmetrics-text; version=1.0.0; q=0") == Format::text);
  CHECK(negotiate("application/openmetrics-text;version=0.0.1") == Format::text);
}

TEST_CASE("a table larger than one piece comes whole") {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("relname")};
  schema->metrics = {metric("pg_rows", MetricType::gauge, Unit::none, {0})};
  TableBuilder builder(schema, 100'000);
  for (int i = 0; i < 20'000; ++i) {
    builder.add_row();
    builder.set_label(0, "table_" + std::to_string(i));
    builder.set_value(0, i);
  }
  const Table table = std::move(builder).finish({});
  std::size_t pieces = 0;
  std::size_t lines = 0;
  render(table, Format::text, {}, [&](std::string_view piece) {
    ++pieces;
    for (char c : piece)
      lines += c == '\n' ? 1 : 0;
  });
  CHECK(pieces > 5);
  CHECK(lines == 20'002);
}

namespace {

/// The same collector on an older server: a column fewer, another one more, in another order.
Table older_table() {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("mode"), *LabelName::parse("datname")};
  schema->metrics = {metric("pg_old_pages", MetricType::gauge, Unit::none, {}),
                     metric("pg_commits_total", MetricType::counter, Unit::none, {1}),
                     metric("pg_never_there", MetricType::gauge, Unit::none, {0})};
  TableBuilder builder(schema, 100);
  builder.add_row();
  builder.set_label(1, "payments");
  builder.set_value(0, 3);
  builder.set_value(1, 9);
  return std::move(builder).finish({});
}

std::string merged(Format format) {
  const Table one = sample_table();
  const Table two = older_table();
  const Table three = sample_table();
  const std::vector<LabelledTable> tables = {
      {one, "target=\"a\""}, {two, "target=\"b\""}, {three, "target=\"c\""}};
  std::string text;
  render(tables, format, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

TEST_CASE("tables of several servers are one exposition, each family once") {
  CHECK(merged(Format::text) ==
        "# HELP pg_size_bytes What pg_size_bytes counts.\n"
        "# TYPE pg_size_bytes gauge\n"
        "pg_size_bytes{target=\"a\",datname=\"payments\"} 8192\n"
        "pg_size_bytes{target=\"c\",datname=\"payments\"} 8192\n"
        "# HELP pg_commits_total What pg_commits_total counts.\n"
        "# TYPE pg_commits_total counter\n"
        "pg_commits_total{target=\"a\",datname=\"payments\"} 7\n"
        "pg_commits_total{target=\"a\",datname=\"odd\\\"\\\\\\nname\"} 0.5\n"
        "pg_commits_total{target=\"b\",datname=\"payments\"} 9\n"
        "pg_commits_total{target=\"c\",datname=\"payments\"} 7\n"
        "pg_commits_total{target=\"c\",datname=\"odd\\\"\\\\\\nname\"} 0.5\n"
        "# HELP pg_legacy_commits What pg_legacy_commits counts.\n"
        "# TYPE pg_legacy_commits counter\n"
        "pg_legacy_commits{target=\"a\",datname=\"payments\"} 7\n"
        "pg_legacy_commits{target=\"c\",datname=\"payments\"} 7\n"
        "# HELP pg_old_pages What pg_old_pages counts.\n"
        "# TYPE pg_old_pages gauge\n"
        "pg_old_pages{target=\"b\"} 3\n");
}

TEST_CASE("OpenMetrics of several servers has one type for each family") {
  const std::string text = merged(Format::openmetrics);
  for (const char* line : {"# TYPE pg_commits counter\n", "# TYPE pg_legacy_commits unknown\n",
                           "# UNIT pg_size_bytes bytes\n"}) {
    INFO(line);
    const auto place = text.find(line);
    REQUIRE(place != std::string::npos);
    CHECK(text.find(line, place + 1) == std::string::npos);
  }
}
