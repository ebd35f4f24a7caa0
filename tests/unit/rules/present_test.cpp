#include "rules/present.h"

#include <catch2/catch.hpp>

#include "collectors/model/table_builder.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t k_start_ms = 1'700'000'000'000;

Timestamp at(milliseconds after) {
  return Timestamp(milliseconds{k_start_ms} + after);
}

/// A table with `sessions` by datname and state, and `up` without labels.
std::shared_ptr<const Table> table_of(const std::vector<std::tuple<std::string, std::string, double>>& rows,
                                      milliseconds after) {
  auto schema = std::make_shared<TableSchema>();
  schema->labels = {*LabelName::parse("datname"), *LabelName::parse("state")};
  schema->metrics = {{*MetricName::parse("sessions"), MetricType::gauge, Unit::none, "Sessions.", {0, 1}},
                     {*MetricName::parse("up"), MetricType::gauge, Unit::none, "Whether it is.", {}}};
  TableBuilder builder(schema, 1000);
  for (const auto& [datname, state, value] : rows) {
    builder.add_row();
    builder.set_label(0, datname);
    builder.set_label(1, state);
    builder.set_value(0, value);
  }
  builder.add_row();
  builder.set_value(1, 1);
  return std::make_shared<const Table>(std::move(builder).finish(at(after)));
}

promql::LabelsPtr target() {
  return promql::Labels::make({{"instance", "db1:9187"}, {"job", "postgres"}});
}

std::string answer(const promql::Queryable& storage, std::string_view query, milliseconds after) {
  const auto expr = promql::parse_expression(query);
  REQUIRE(expr);
  const auto result = promql::evaluate_instant(**expr, storage, k_start_ms + after.count());
  REQUIRE(result);
  std::string text;
  for (const promql::Sample& sample : std::get<promql::Vector>(result->value))
    text += (text.empty() ? "" : "; ") + to_string(*sample.labels) + " " +
            std::to_string(sample.point.v).substr(0, 4);
  return text;
}

}  // namespace

TEST_CASE("a published table is series with the labels of its target", "[present]") {
  Present present;
  present.publish("activity", table_of({{"app", "idle", 3}, {"app", "", 4}}, 0s), target(), 300'000);
  CHECK(answer(present, "sessions", 1s) ==
        R"({__name__="sessions", datname="app", instance="db1:9187", job="postgres", state="idle"} 3.00; )"
        R"({__name__="sessions", datname="app", instance="db1:9187", job="postgres"} 4.00)");
  CHECK(answer(present, "up", 1s) == R"({__name__="up", instance="db1:9187", job="postgres"} 1.00)");
  CHECK(answer(present, R"(sum by (job) (sessions{state="idle"}))", 1s) == R"({job="postgres"} 3.00)");
  CHECK(answer(present, R"(count by (job) ({job="postgres"}))", 1s) == R"({job="postgres"} 3.00)");
  CHECK(answer(present, "nothing", 1s) == "");
}

TEST_CASE("a table takes the place of the one before it", "[present]") {
  Present present;
  present.publish("activity", table_of({{"app", "idle", 3}, {"old", "idle", 4}}, 0s), target(), 300'000);
  CHECK(answer(present, "count by (job) (sessions)", 1s) == R"({job="postgres"} 2.00)");
  present.publish("activity", table_of({{"app", "idle", 5}}, 15s), target(), 300'000);
  CHECK(answer(present, "sum by (datname) (sessions)", 16s) == R"({datname="app"} 5.00)");
  present.withdraw("activity");
  CHECK(answer(present, "sessions", 16s) == "");
}

TEST_CASE("a table counts as long as its source says", "[present]") {
  Present present;
  present.publish("hourly", table_of({}, 0s), target(), 7'200'000);
  CHECK_FALSE(answer(present, "up", 110min).empty());
  CHECK(answer(present, "up", 121min).empty());
  CHECK(answer(present, "up", -1s).empty());
}

TEST_CASE("a timeline answers from the past what has one, and from the present the rest", "[present]") {
  Present present;
  History history({});
  HistoryNeeds needs;
  needs.add("sessions", 1h);
  const Timeline timeline(present, history, needs);
  for (int i = 0; i <= 40; ++i) {
    const auto table = table_of({{"app", "idle", 10.0 + i}}, i * 15s);
    present.publish("activity", table, target(), 300'000);
    const auto wanted =
        readings(*table, target(), [&](std::string_view metric) { return needs.wants(metric); });
    REQUIRE(wanted.size() == 1);
    history.append("activity", k_start_ms + i * 15'000, 300'000, wanted);
  }
  CHECK(answer(timeline, "sum by (datname) (sessions)", 10min) == R"({datname="app"} 50.0)");
  CHECK(answer(timeline, "sum by (datname) (sessions offset 5m)", 10min) == R"({datname="app"} 30.0)");
  CHECK(answer(timeline, "sum by (datname) (delta(sessions[5m]))", 10min) == R"({datname="app"} 20.0)");
  CHECK(answer(timeline, "up", 10min) == R"({__name__="up", instance="db1:9187", job="postgres"} 1.00)");
  const auto all = promql::parse_selector(R"({job="postgres"})");
  const auto labels = timeline.select_labels(*all, k_start_ms, k_start_ms + 600'000);
  REQUIRE(labels);
  CHECK(labels->size() == 2);
  // By other conditions than the name: each series once.
  CHECK(answer(timeline, R"(count by (job) ({job="postgres"}))", 10min) == R"({job="postgres"} 2.00)");
}

TEST_CASE("a series for which the past has no room is answered from the present", "[present]") {
  Present present;
  History history({.max_bytes = Bytes{64'000}});
  HistoryNeeds needs;
  needs.add("sessions", 1h);
  const Timeline timeline(present, history, needs);
  std::vector<std::tuple<std::string, std::string, double>> rows;
  for (int i = 0; i < 900; ++i)
    rows.emplace_back("db" + std::to_string(i), "idle", i < 899 ? 1.0 : 100.0);
  const auto collect = [&](std::chrono::seconds at) {
    const auto table = table_of(rows, at);
    present.publish("activity", table, target(), 300'000);
    history.append("activity", k_start_ms + at.count() * 1'000, 300'000,
                   readings(*table, target(), [&](std::string_view metric) { return needs.wants(metric); }));
  };
  collect(0s);
  REQUIRE(history.lacks_series());
  REQUIRE(history.figures().series < 900);
  CHECK(answer(timeline, "count by (job) (sessions)", 1s) == R"({job="postgres"} 900.)");
  CHECK(answer(timeline, "count by (datname) (sessions > 50)", 1s) == R"({datname="db899"} 1.00)");
  CHECK(answer(timeline, R"(count by (job) ({job="postgres"}))", 1s) == R"({job="postgres"} 901.)");
  CHECK(timeline.select_labels(*promql::parse_selector("sessions"), k_start_ms, k_start_ms + 1'000)->size() ==
        900);

  rows.resize(10);
  collect(15s);
  CHECK_FALSE(history.lacks_series());
  CHECK(answer(timeline, "count by (job) (sessions)", 16s) == R"({job="postgres"} 10.0)");
}
