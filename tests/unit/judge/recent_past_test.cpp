#include "agent/judge/recent_past.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "collectors/model/table_builder.h"
#include "rules/rule_file.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

const Timestamp k_start = Timestamp{} + std::chrono::hours(500'000);

JudgedTable table_of(std::vector<std::pair<std::string, double>> rows,
                     Timestamp at,
                     const std::string& metric = "load") {
  auto schema = std::make_shared<TableSchema>();
  schema->labels.push_back(*LabelName::parse("db"));
  schema->metrics.push_back({*MetricName::parse(metric), MetricType::gauge, Unit::none, "", {0}});
  TableBuilder builder(schema, std::numeric_limits<std::size_t>::max());
  for (const auto& [db, value] : rows) {
    builder.add_row();
    builder.set_label(0, db);
    builder.set_value(0, value);
  }
  return {"postgres//" + metric, std::make_shared<const Table>(std::move(builder).finish(at)),
          promql::Labels::make({{"instance", "a:1"}}), 300'000};
}

std::vector<rules::Rule> rules_of(const std::string& expr) {
  auto book = rules::load_rules(
      {}, {{"mine.toml", "[[rule]]\nalert = \"A\"\nexpr = '" + expr +
                             "'\nlabels = { severity = \"info\" }\nannotations = { summary = \"s\" }\n"}});
  REQUIRE(book);
  return std::move(book->rules);
}

promql::LabelsPtr series(const std::string& db) {
  return promql::Labels::make({{"__name__", "load"}, {"db", db}, {"instance", "a:1"}});
}

}  // namespace

TEST_CASE("recent past: what a rule compares is there from before the alert, a value a minute") {
  const auto rules = rules_of("load / 2 > 10 and load > 1");
  RecentPast past;
  past.configure(rules);
  for (int second = 0; second <= 45 * 60; second += 15)
    past.publish(table_of({{"app", second / 60.0}, {"other", 1}}, k_start + std::chrono::seconds(second)));
  const auto lines = past.lines(rules[0], {series("app"), series("none")}, k_start + 45min);
  REQUIRE(lines.size() == 2);
  REQUIRE(lines[0].size() == 30);
  CHECK(lines[0].back() == 22.5);
  CHECK(lines[0].front() == Approx(8).margin(0.5));
  CHECK(std::ranges::is_sorted(lines[0]));
  CHECK(lines[1].empty());
}

TEST_CASE("recent past: either side of an or, and gaps") {
  const auto rules = rules_of("(load > 100) or load < -1");
  RecentPast past;
  past.configure(rules);
  past.publish(table_of({{"app", 5}}, k_start));
  past.publish(table_of({}, k_start + 2min));
  past.publish(table_of({{"app", 7}}, k_start + 4min));
  const auto lines = past.lines(rules[0], {series("app")}, k_start + 4min);
  REQUIRE(lines[0].size() == 30);
  CHECK(lines[0][29] == 7);
  CHECK(std::isnan(lines[0][27]));
  CHECK(lines[0][25] == 5);
  CHECK(std::isnan(lines[0][0]));
}

TEST_CASE("recent past: what no rule reads is not kept, and what is gone is forgotten") {
  const auto rules = rules_of("load > 1");
  RecentPast past;
  past.configure(rules);
  past.publish(table_of({{"app", 5}}, k_start, "other"));
  past.publish(table_of({{"app", 5}}, k_start));
  CHECK_FALSE(past.lines(rules[0], {series("app")}, k_start)[0].empty());
  past.withdraw("postgres//load");
  CHECK(past.lines(rules[0], {series("app")}, k_start)[0].empty());
  CHECK(past.dropped() == 0);
}
