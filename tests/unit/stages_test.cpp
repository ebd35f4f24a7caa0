#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "collectors/model/table_builder.h"
#include "collectors/model/table_editor.h"
#include "collectors/stages/lags.h"
#include "collectors/stages/ranking.h"
#include "collectors/stages/rates.h"
#include "collectors/stages/sampled.h"
#include "collectors/stages/stages.h"
#include "collectors/stages/top.h"

using namespace pgvigil;
using namespace pgvigil::collectors;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t k_no_limit = 1'000'000;

/// What a test wants in one row; labels are "datname", "relname", metrics a counter "scans", a gauge "size".
struct Wanted {
  std::string datname, relname;
  std::optional<double> scans, size;
};

std::shared_ptr<const TableSchema> schema() {
  auto made = std::make_shared<TableSchema>();
  made->labels = {*LabelName::parse("datname"), *LabelName::parse("relname")};
  made->metrics = {{*MetricName::parse("scans_total"), MetricType::counter, Unit::none, "Scans.", {0, 1}},
                   {*MetricName::parse("size_bytes"), MetricType::gauge, Unit::bytes, "Size.", {0, 1}}};
  return made;
}

Table table_at(std::chrono::seconds at, const std::vector<Wanted>& rows) {
  static const auto k_schema = schema();
  TableBuilder builder(k_schema, k_no_limit);
  for (const Wanted& row : rows) {
    builder.add_row();
    builder.set_label(0, row.datname);
    builder.set_label(1, row.relname);
    if (row.scans) builder.set_value(0, *row.scans);
    if (row.size) builder.set_value(1, *row.size);
  }
  return std::move(builder).finish(Timestamp(at));
}

/// "datname/relname" -> value, of the rows that have one.
std::map<std::string, double> values(const Table& table, std::size_t metric) {
  std::map<std::string, double> found;
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (const auto value = table.value(row, metric))
      found[std::string(table.label(row, 0)) + "/" + std::string(table.label(row, 1))] = *value;
  return found;
}

using Values = std::map<std::string, double>;

TopPlan top_plan(std::size_t rows, std::vector<std::size_t> by) {
  return {.rows = rows,
          .max_series = k_no_limit,
          .by = std::move(by),
          .groups = {0},
          .same = {},
          .merged = {1},
          .other = {OtherRule::sum, OtherRule::sum}};
}

std::vector<Score> scores(std::initializer_list<double> list) {
  std::vector<Score> made;
  for (const double score : list)
    made.push_back({score, 0, true});
  return made;
}

/// What Prometheus would say that a series grew by from one table to the next.
double increase_seen(const Values& before, const Values& after) {
  double sum = 0;
  for (const auto& [row, value] : after)
    if (const auto old = before.find(row); old != before.end()) sum += increase(old->second, value);
  return sum;
}

}  // namespace

TEST_CASE("rankings give their best in turn, each row once", "[stages]") {
  const std::vector<std::vector<Score>> rankings = {scores({9, 8, 7, 1}), scores({9, 1, 2, 8})};
  std::vector<Seat> seats(4);
  CHECK(best_in_turn(rankings, 3, seats) == std::vector<std::size_t>{0, 1, 3});
  CHECK(best_in_turn(rankings, 9, seats) == std::vector<std::size_t>{0, 1, 3, 2});
  seats[2].taken = true;  // among equals, whoever is there already
  CHECK(best_in_turn(std::vector{scores({1, 1, 1, 1}), scores({1, 1, 1, 1})}, 2, seats) ==
        std::vector<std::size_t>{2, 0});
  const std::vector<std::vector<Score>> idle = {
      {{.ranked = false}, {.score = 1}, {.ranked = false}, {.ranked = false}}};
  CHECK(best_in_turn(idle, 3, seats) == std::vector<std::size_t>{1, 2, 0});
}

TEST_CASE("a row keeps its seat until it has been clearly behind for some runs", "[stages]") {
  std::vector<Seat> seats(5);
  const std::vector<std::vector<Score>> first = {scores({9, 8, 3, 2, 1})};
  give_seats(first, 2, seats);
  CHECK((seats[0].taken && seats[1].taken && !seats[2].taken));
  SECTION("just behind the border it keeps it for ever") {
    const std::vector<std::vector<Score>> later = {scores({9, 7, 8, 2, 1})};
    for (int run = 0; run < 10; ++run)
      give_seats(later, 2, seats);
    CHECK((seats[0].taken && seats[1].taken && !seats[2].taken));
  }
  SECTION("far behind it loses it after three runs in a row") {
    const std::vector<std::vector<Score>> later = {scores({9, 0, 8, 7, 6})};
    for (int run = 0; run < 2; ++run)
      give_seats(later, 2, seats);
    give_seats(first, 2, seats);
    for (int run = 0; run < 2; ++run)
      give_seats(later, 2, seats);
    CHECK((seats[1].taken && !seats[2].taken));
    give_seats(later, 2, seats);
    CHECK((!seats[1].taken && seats[2].taken));
  }
  SECTION("fewer seats are taken from those that are behind") {
    const std::vector<std::vector<Score>> later = {scores({1, 9, 8, 7, 6})};
    give_seats(later, 1, seats);
    CHECK((!seats[0].taken && seats[1].taken));
  }
}

TEST_CASE("what is not at the top is one row of its group", "[stages]") {
  Top top(top_plan(1, {1}));
  const Table shown =
      top.apply(table_at(0s, {{"a", "x", 10, 5}, {"a", "y", 20, 3}, {"a", "z", {}, 4}, {"b", "x", 7, 1}}));
  CHECK(values(shown, 0) == Values{{"a/x", 10}, {"a/other", 0}, {"b/x", 7}, {"b/other", 0}});
  CHECK(values(shown, 1) == Values{{"a/x", 5}, {"a/other", 7}, {"b/x", 1}});
  CHECK(shown.left_out().aggregated == 2);
  const Table next =
      top.apply(table_at(15s, {{"a", "x", 11, 5}, {"a", "y", 22, 3}, {"a", "z", 4, 4}, {"b", "x", 7, 1}}));
  CHECK(values(next, 0) == Values{{"a/x", 11}, {"a/other", 6}, {"b/x", 7}, {"b/other", 0}});
}

TEST_CASE("a gauge of the other rows is what its metric says", "[stages]") {
  auto plan = top_plan(1, {0});
  plan.other[1] = GENERATE(OtherRule::sum, OtherRule::max, OtherRule::min, OtherRule::none);
  const OtherRule rule = plan.other[1];
  Top top(plan);
  const Values shown =
      values(top.apply(table_at(0s, {{"a", "x", 9, 5}, {"a", "y", 1, 3}, {"a", "z", 1, 4}})), 1);
  if (rule == OtherRule::none) CHECK(shown == Values{{"a/x", 5}});
  if (rule == OtherRule::sum) CHECK(shown.at("a/other") == 7);
  if (rule == OtherRule::max) CHECK(shown.at("a/other") == 4);
  if (rule == OtherRule::min) CHECK(shown.at("a/other") == 3);
}

TEST_CASE("rows without a value to rank by pass, and are nothing to the others", "[stages]") {
  Top top(top_plan(1, {1}));
  const Table shown = top.apply(table_at(0s, {{"a", "x", 1, {}}, {"a", "y", 2, {}}, {"a", "z", 3, 3}}));
  CHECK(values(shown, 0) == Values{{"a/x", 1}, {"a/y", 2}, {"a/z", 3}, {"a/other", 0}});
  auto by_name = top_plan(1, {1});
  by_name.merged = {0};
  by_name.groups.clear();
  Top odd(by_name);  // a label that the ranked metrics do not carry is empty
  const Table kinds = odd.apply(table_at(0s, {{"", "x", 7, {}}, {"a", "", {}, 1}, {"b", "", {}, 2}}));
  CHECK(values(kinds, 0) == Values{{"/x", 7}});
  CHECK(values(kinds, 1) == Values{{"b/", 2}, {"other/", 1}});
}

TEST_CASE("without a number of rows only the limit of series makes a choice", "[stages]") {
  auto plan = top_plan(0, {1});
  plan.max_series = 8;
  Top top(plan);
  const std::vector<Wanted> few = {{"a", "x", 10, 5}, {"a", "y", 20, 3}, {"a", "z", 30, 4}};
  CHECK(values(top.apply(table_at(0s, few)), 0) == Values{{"a/x", 10}, {"a/y", 20}, {"a/z", 30}});
  auto many = few;
  many[0].scans = 13;
  many.push_back({"a", "v", 5, 1});
  many.push_back({"a", "w", 6, 2});
  const Table first = top.apply(table_at(15s, many));
  CHECK(first.series() <= 8);
  CHECK(first.left_out().over_limit == 0);
  CHECK(first.left_out().aggregated == 2);
  CHECK(values(first, 0) == Values{{"a/x", 13}, {"a/y", 20}, {"a/z", 30}, {"a/other", 0}});
  many[3].scans = 9;
  CHECK(values(top.apply(table_at(30s, many)), 0).at("a/other") == 15);  // 5 and 6 of the new rows, then 4
}

TEST_CASE("a database that comes back after a run goes on where it was", "[stages]") {
  Top top(top_plan(1, {1}));
  (void)top.apply(table_at(0s, {{"a", "x", 100, 5}, {"a", "y", 200, 3}, {"b", "x", 1, 1}}));
  (void)top.apply(table_at(15s, {{"b", "x", 1, 1}}));
  const Values back =
      values(top.apply(table_at(30s, {{"a", "x", 103, 5}, {"a", "y", 204, 3}, {"b", "x", 1, 1}})), 0);
  CHECK(back == Values{{"a/x", 100}, {"a/other", 7}, {"b/x", 1}, {"b/other", 0}});
}

TEST_CASE("counters of a server that was restarted are learnt anew", "[stages]") {
  Top top(top_plan(1, {1}));
  (void)top.apply(table_at(0s, {{"a", "x", 100, 5}, {"a", "y", 200, 3}}));
  top.forget_counters();
  CHECK(values(top.apply(table_at(15s, {{"a", "x", 500, 5}, {"a", "y", 900, 3}})), 0) ==
        Values{{"a/x", 100}, {"a/other", 0}});
  CHECK(values(top.apply(table_at(30s, {{"a", "x", 501, 5}, {"a", "y", 902, 3}})), 0) ==
        Values{{"a/x", 101}, {"a/other", 2}});
}

TEST_CASE("whatever rows do, what the series grow by is the truth and none falls", "[stages]") {
  const auto seed = GENERATE(range(1u, 41u));
  std::minstd_rand random(seed);
  const auto below = [&](unsigned count) { return static_cast<double>(random() % count); };
  const bool budget = seed % 2 == 0;
  auto plan =
      top_plan(budget ? 0 : 4, seed % 3 == 0 ? std::vector<std::size_t>{0, 1} : std::vector<std::size_t>{0});
  if (budget) plan.max_series = 14;
  if (seed % 5 == 0) plan.groups.clear();
  if (seed % 5 == 0) plan.merged = {0, 1};
  Top top(plan);

  std::map<std::string, Wanted> rows;
  for (int i = 0; i < 12; ++i)
    rows["r" + std::to_string(i)] = {i % 2 == 0 ? "a" : "b", "r" + std::to_string(i), below(1000),
                                     below(100)};
  Values before, highest;
  bool comparable = false;
  for (int run = 0; run < 200; ++run) {
    double truth = 0;
    if (below(10) == 0 && rows.size() > 9) rows.erase(rows.begin());  // a table is dropped
    for (auto& [name, row] : rows) {
      if (below(20) == 0) {  // its statistics are reset
        const double now = below(static_cast<unsigned>(*row.scans) + 1);
        truth += now < *row.scans ? now : 0;
        row.scans = now < *row.scans ? now : *row.scans;
        continue;
      }
      const double growth = below(3) == 0 ? below(500) : below(5);
      truth += growth;
      row.scans = *row.scans + growth;
      row.size = below(100);
    }
    if (below(10) == 0) {  // and one created
      const std::string name = "new" + std::to_string(run);
      rows[name] = {below(2) == 0 ? "a" : "b", name, below(300), below(100)};
      truth += *rows[name].scans;
    }
    std::vector<Wanted> list;
    double sizes = 0;
    for (const auto& [name, row] : rows) {
      list.push_back(row);
      sizes += *row.size;
    }
    std::ranges::shuffle(list, random);
    const Table shown = top.apply(table_at(run * 15s, list));
    const Values now = values(shown, 0);
    INFO("seed " << seed << ", run " << run);
    for (const auto& [name, value] : now) {
      const auto [place, is_new] = highest.try_emplace(name, value);
      CHECK(value >= place->second);
      place->second = value;
    }
    double all_sizes = 0;
    for (const auto& [name, size] : values(shown, 1))
      all_sizes += size;
    CHECK(all_sizes == sizes);
    CHECK(shown.series() <= (budget ? plan.max_series : 2 * (2 * 4 + 2)));
    if (comparable) CHECK(increase_seen(before, now) == truth);
    comparable = true;
    before = now;
  }
}

TEST_CASE("samples become seconds", "[stages]") {
  Sampled sampled({.metrics = {0}, .every = 1s, .max_rows = 2});
  sampled.add(table_at(0s, {{"a", "x", 3, {}}}));
  sampled.add(table_at(1s, {{"a", "x", 3, {}}}));
  CHECK(values(sampled.sums(), 0) == Values{{"a/x", 0}});  // the first sample of a series
  sampled.add(table_at(2s, {{"a", "y", 1, {}}}));
  sampled.add(table_at(4s, {{"a", "x", 2, {}}, {"a", "z", 5, {}}}));
  const Table shown = sampled.sums();
  CHECK(values(shown, 0) == Values{{"a/x", 7}, {"a/y", 0}});
  CHECK(shown.left_out().over_limit == 1);
  sampled.add(table_at(100s, {{"a", "x", 1, {}}}));  // a stall counts for two intervals
  CHECK(values(sampled.sums(), 0) == Values{{"a/x", 9}, {"a/y", 1}});
  sampled.forget_counters();
  sampled.add(table_at(101s, {{"a", "x", 1, {}}}));
  CHECK(values(sampled.sums(), 0) == Values{{"a/x", 9}, {"a/y", 1}});
  sampled.add(table_at(2h, {{"a", "z", 1, {}}}));
  CHECK(values(sampled.sums(), 0) == Values{{"a/z", 0}});  // the others were not seen for an hour
}

TEST_CASE("a rate is known from the second run on and forgets what is older than its window", "[stages]") {
  Speed speed;
  const auto at = [](int minutes) { return Timestamp(std::chrono::minutes{minutes}); };
  speed.add(at(0), 100, 10min);
  CHECK_FALSE(speed.per_second());
  speed.add(at(1), 160, 10min);
  CHECK(speed.per_second() == 1.0);
  for (int minute = 2; minute <= 60; ++minute)
    speed.add(at(minute), 160 + 120 * (minute - 1), 10min);
  CHECK(speed.per_second() == 2.0);
  speed.add(at(61), 5, 10min);  // the counter began anew
  CHECK_FALSE(speed.per_second());
  speed.add(at(62), 65, 10min);
  CHECK(speed.per_second() == 1.0);
}

TEST_CASE("time left is what is left at the rate of what is spent", "[stages]") {
  Rates rates({{RatePlan::Gives::time_left, 1, 0, 1h}});
  CHECK(values(rates.apply(table_at(0s, {{"a", "x", 10, 1000}})), 1).empty());
  CHECK(values(rates.apply(table_at(10s, {{"a", "x", 30, 980}})), 1) == Values{{"a/x", 490}});
  CHECK(values(rates.apply(table_at(20s, {{"a", "x", 30, {}}})), 1).empty());
  CHECK(values(rates.apply(table_at(30s, {{"a", "y", 0, 5}})), 1).empty());
  CHECK(values(rates.apply(table_at(40s, {{"a", "y", 0, 5}})), 1)
            .empty());  // nothing is spent: no end in sight
  CHECK(values(rates.apply(table_at(50s, {{"a", "y", 10, -5}})), 1).at("a/y") == 0);
  rates.forget_counters();
  CHECK(values(rates.apply(table_at(60s, {{"a", "y", 90, 5}})), 1).empty());
}

TEST_CASE("a lag is the age of the oldest position that is not reached", "[stages]") {
  Lags lags({{0, 1}});  // "scans" follow "size"
  const auto lag = [&](std::chrono::seconds at, double follower, std::optional<double> leader) {
    const auto found = values(lags.apply(table_at(at, {{"a", "x", follower, leader}})), 0);
    return found.empty() ? -1 : found.at("a/x");
  };
  CHECK(lag(0s, 100, 100) == 0);
  CHECK(lag(10s, 100, 150) == 0);  // it has just been written
  CHECK(lag(20s, 100, 180) == 10);
  CHECK(lag(30s, 100, 180) == 20);
  CHECK(lag(40s, 160, 180) == 20);  // what was read at 20 s is left
  CHECK(lag(10'000s, 180, 180) == 0);
  CHECK(lag(20'000s, 180, 180) == 0);  // idle for hours, and nothing is lost
  CHECK(lag(20'010s, 180, {}) == -1);
  CHECK(lag(20'020s, 180, 200) == 0);
  CHECK(lag(20'030s, 180, 50) == 0);  // another server
  CHECK(lag(20'040s, 10, 60) == 0);
  CHECK(lag(20'050s, 10, 60) == 10);
}

TEST_CASE("a lag counts readings only at which something was committed", "[stages]") {
  Lag lag;
  const auto at = [](int seconds) { return Timestamp(std::chrono::seconds{seconds}); };
  lag.add(at(0), 500, 7);  // nobody knows when it was written
  CHECK(lag.seconds(at(10), 100) == 0);
  lag.add(at(20), 600, 7);  // a checkpoint
  CHECK(lag.seconds(at(900), 100) == 0);
  lag.add(at(1000), 700, 8);
  lag.add(at(1015), 800, 8);
  CHECK(lag.seconds(at(1100), 600) == 100);
  CHECK(lag.seconds(at(1100), 700) == 0);
}

TEST_CASE("a lag of days is remembered in bounded memory", "[stages]") {
  Lag lag;
  const auto at = [](int seconds) { return Timestamp(std::chrono::seconds{seconds}); };
  constexpr int k_readings = 100'000;
  for (int i = 0; i < k_readings; ++i)
    lag.add(at(15 * i), i, i);
  CHECK(lag.seconds(at(15 * k_readings), 0) == 15 * (k_readings - 1));
  const double half = lag.seconds(at(15 * k_readings), k_readings / 2);
  CHECK(half == Approx(15 * k_readings / 2).epsilon(0.01));
}

namespace {

Definition defined(const std::string& more) {
  auto parsed = parse_definition(R"(name = "d"
help = "A definition"
every = "1s"
)" + more,
                                 "d.toml");
  if (!parsed) FAIL(to_string(parsed.error().front()));
  return *parsed;
}

/// The raw table of a plan with one label and one row a value; `cells` by column.
Table raw(const Plan& plan, std::chrono::seconds at, const std::map<std::string, std::vector<double>>& rows) {
  TableBuilder builder(plan.raw_schema, k_no_limit);
  for (const auto& [label, cells] : rows) {
    builder.add_row();
    builder.set_label(0, label);
    for (std::size_t i = 0; i < cells.size(); ++i)
      builder.set_value(i, cells[i]);
  }
  return std::move(builder).finish(Timestamp(at));
}

Plan planned(const Definition& definition, const postgres::ServerFacts& facts) {
  return std::get<Plan>(plan(definition, facts, Generation::v0_20));
}

}  // namespace

TEST_CASE("columns that only a stage looks at are not published", "[stages]") {
  const Definition definition = defined(R"([[query]]
sql = "select 1"
[[metric]]
name = "left"
type = "gauge"
value = "n"
labels = ["l"]
help = "A number for a test."
[[metric]]
name = "lasts"
type = "gauge"
unit = "seconds"
time_left = { of = "n", spent = "used" }
labels = ["l"]
help = "A number for a test."
)");
  postgres::ServerFacts facts{.version_number = 150000};
  const Plan plan15 = planned(definition, facts);
  CHECK(plan15.hidden == std::vector<std::string>{"used"});
  CHECK(plan15.values.size() == 3);
  Stages stages(CollectLimits{});
  const auto first = stages.apply(plan15, raw(plan15, 0s, {{"x", {100, 100, 5}}}));
  REQUIRE(first);
  CHECK(first->schema().metrics.size() == 2);
  CHECK(first->series() == 1);
  const auto second = stages.apply(plan15, raw(plan15, 10s, {{"x", {90, 90, 15}}}));
  CHECK(second->value(0, 1) == 90);
  CHECK(second->series() == 2);
  SECTION("an equal plan goes on") {
    CHECK(stages.apply(planned(definition, facts), raw(plan15, 20s, {{"x", {80, 80, 25}}}))->value(0, 1) ==
          80);
  }
  SECTION("after a restart of the server the rate is not known") {
    facts.postmaster_start += 1s;
    CHECK_FALSE(stages.apply(planned(definition, facts), raw(plan15, 20s, {{"x", {80, 80, 25}}}))->has(0, 1));
  }
}

TEST_CASE("a collector that samples publishes as often as it says", "[stages]") {
  const Definition definition = defined(R"(publish_every = "15s"
[[query]]
sql = "select 1"
[[metric]]
name = "waited_seconds_total"
type = "counter"
unit = "seconds"
value = "n"
accumulate = "seconds"
labels = ["l"]
help = "A number for a test."
)");
  const Plan plan15 = planned(definition, {.version_number = 150000});
  Stages stages(CollectLimits{});
  CHECK(stages.apply(plan15, raw(plan15, 0s, {{"x", {2}}})));
  for (int second = 1; second < 15; ++second)
    CHECK_FALSE(stages.apply(plan15, raw(plan15, std::chrono::seconds{second}, {{"x", {2}}})));
  const auto shown = stages.apply(plan15, raw(plan15, 15s, {}));
  REQUIRE(shown);
  CHECK(shown->value(0, 0) == 28);
}
