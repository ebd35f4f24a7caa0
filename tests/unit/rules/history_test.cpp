#include "rules/history/history.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "collectors/model/names.h"
#include "rules/history/charted_metrics.h"
#include "rules/history/needs.h"
#include "rules/promql/engine.h"
#include "rules/promql/hash.h"
#include "rules/promql/parser.h"

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;
using promql::Labels;
using promql::LabelsPtr;
using promql::Point;

namespace {

constexpr std::int64_t k_start = 1'700'000'000'000;
constexpr std::int64_t k_step = 15'000;

LabelsPtr series(const std::string& name, const std::string& datname = "app") {
  return Labels::make({{"__name__", name}, {"datname", datname}, {"instance", "db1:9187"}});
}

std::vector<Point> points_of(const History& history,
                             const std::string& selector,
                             std::int64_t from = 0,
                             std::int64_t to = k_start * 2) {
  const auto matchers = promql::parse_selector(selector);
  REQUIRE(matchers);
  const auto found = history.select(*matchers, from, to);
  REQUIRE(found);
  if (found->size() == 0) return {};
  REQUIRE(found->size() == 1);
  return {found->points(0).begin(), found->points(0).end()};
}

bool same_bits(const std::vector<Point>& a, const std::vector<Point>& b) {
  return std::ranges::equal(a, b, [](const Point& x, const Point& y) {
    return x.t_ms == y.t_ms && std::bit_cast<std::uint64_t>(x.v) == std::bit_cast<std::uint64_t>(y.v);
  });
}

History history_of(std::uint32_t seed, std::size_t ticks) {
  History history({.retention = 24h});
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < ticks; ++i) {
    std::vector<Reading> readings;
    for (const char* name : {"a", "b", "c"})
      if (random() % 8 != 0)
        readings.push_back({series(name), std::ldexp(double(random()), int(random() % 60) - 30)});
    history.append("one", k_start + std::int64_t(i) * k_step + std::int64_t(random() % 100), 300'000,
                   readings);
    if (i % 4 == 0) {
      const std::vector<Reading> other = {{series("d", "other"), double(i)}};
      history.append("two", k_start + std::int64_t(i) * k_step, 0, other);
    }
  }
  return history;
}

/// The bytes with the checksum that belongs to them: damage that the checksum does not see.
std::string with_right_checksum(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  const std::uint64_t sum = promql::xxhash64(bytes);
  for (unsigned i = 0; i < 8; ++i)
    bytes += static_cast<char>(sum >> (8 * i) & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("a chunk gives back every value to the bit", "[history]") {
  std::mt19937_64 random(7);
  const std::vector<double> special = {0.0,
                                       -0.0,
                                       1.0,
                                       1e300,
                                       -1e-300,
                                       promql::k_infinity,
                                       -promql::k_infinity,
                                       std::nan(""),
                                       promql::stale_marker(),
                                       5e-324};
  for (int round = 0; round < 200; ++round) {
    Chunks chunks;
    chunks.begin(5);
    std::vector<double> values;
    double counter = 0;
    double sum = 0;
    for (int i = 0; i < 120; ++i) {
      switch (random() % 7) {
        case 0:
          values.push_back(special[random() % special.size()]);
          break;
        case 1:
          values.push_back(std::bit_cast<double>(std::uint64_t{random()}));
          break;
        case 2:
          values.push_back(counter += double(random() % 1000));
          break;
        case 3:
          values.push_back(sum += double(random() % 1'000'000) * 1e-9);
          break;
        case 4:
          values.push_back(std::round(double(random() % 1'000'000'007)) /
                           std::pow(10.0, double(random() % 17)));
          break;
        case 5:
          values.push_back(-double(random() >> (random() % 64)));
          break;
        default:
          values.push_back(values.empty() ? 1 : values.back());
      }
      chunks.add(values.back());
    }
    Chunks copies;
    copies.append(chunks.back());
    copies.append(chunks.back());
    copies.drop_front();
    REQUIRE(copies.count() == 1);
    const auto read = copies.back().values();
    REQUIRE(read.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      REQUIRE(std::bit_cast<std::uint64_t>(read[i]) == std::bit_cast<std::uint64_t>(values[i]));
    CHECK(copies.front().first_tick == 5);
    CHECK(copies.front().last_tick() == 124);
    CHECK(chunks.back().values().size() == values.size());
    chunks.begin(200);
    chunks.add(7);
    chunks.drop_front();
    chunks.add(8);
    CHECK(chunks.count() == 1);
    CHECK(chunks.back().values() == std::vector<double>{7, 8});
    copies.drop_front();
    CHECK(copies.empty());
  }
}

TEST_CASE("a value costs as many bits as it surprises", "[history]") {
  std::mt19937 random(3);
  const auto bits_a_value = [](const auto& next) {
    Chunks chunks;
    chunks.begin(0);
    for (int i = 0; i < k_most_values; ++i)
      chunks.add(next(i));
    return double(chunks.back().bytes.size()) * 8 / k_most_values;
  };
  CHECK(bits_a_value([](int) { return 1234.5; }) < 1.5);
  CHECK(bits_a_value([](int i) { return 1e9 + 1500.0 * i; }) < 6);                       // a steady counter
  CHECK(bits_a_value([](int i) { return double(50'000'000 + 15'000 * i) / 1e3; }) < 6);  // an age in seconds
  // Noise of 8 bits on a rate, and what the code needs beside it.
  double counter = 1e12;
  CHECK(bits_a_value([&](int) { return counter += double(100'000 + random() % 256); }) < 13);
  // Nanoseconds added up in a double.
  double sum = 0;
  CHECK(bits_a_value([&](int) { return sum += double(2'000'000 + random() % 65'536) * 1e-9; }) < 24);
  // A number that has no short decimal: its noise, and a byte.
  CHECK(bits_a_value([&](int) { return std::ldexp(1.0 + double(random()) / 7, -3); }) < 64 + 8);
}

TEST_CASE("times of ticks are kept whatever their steps are", "[history]") {
  std::mt19937 random(5);
  TickTimes times;
  std::vector<std::int64_t> expected;
  std::int64_t t_ms = k_start;
  for (int i = 0; i < 2000; ++i) {
    t_ms += i % 300 < 200 ? 14'990 + random() % 20 : 1 + std::int64_t(random()) % 10'000'000;
    expected.push_back(t_ms);
    times.push_back(t_ms);
  }
  CHECK(times.all() == expected);
  for (Tick tick = 0; tick < times.next_tick(); ++tick) {
    REQUIRE(times.at(tick) == expected[tick]);
    REQUIRE(times.first_from(expected[tick]) == tick);
    REQUIRE(times.first_from(expected[tick] + 1) == tick + 1);
  }
  times.drop_before(1500);
  CHECK(times.first_tick() > 0);
  CHECK(times.first_tick() <= 1500);
  CHECK(times.at(1500) == expected[1500]);
  CHECK(times.back() == expected.back());

  TickTimes steady;
  for (int i = 0; i < 1280; ++i)
    steady.push_back(k_start + i * k_step + (i % 7));
  CHECK(steady.memory() < 1280 * 3);
}

TEST_CASE("label sets are found without their samples", "[history]") {
  const History history = history_of(9, 300);
  const auto labels_of = [&](const char* selector, std::int64_t from, std::int64_t to) {
    const auto matchers = promql::parse_selector(selector);
    REQUIRE(matchers);
    const auto found = history.select_labels(*matchers, from, to);
    const auto slowly = history.promql::Queryable::select_labels(*matchers, from, to);
    REQUIRE(found);
    REQUIRE(slowly);
    CHECK(std::ranges::equal(*found, *slowly, promql::SameLabels{}));
    return found->size();
  };
  CHECK(labels_of(R"({__name__=~".+"})", 0, k_start * 2) == 4);
  CHECK(labels_of("a", 0, k_start * 2) == 1);
  CHECK(labels_of("a", 0, k_start - 1) == 0);
  CHECK(labels_of("d", k_start + 400 * k_step, k_start * 2) == 0);
  for (int i = 0; i < 300; i += 7)
    labels_of(R"({datname=~".+"})", k_start + i * k_step, k_start + i * k_step + 1'000);
}

TEST_CASE("a series ends with a stale marker when its collection no longer gives it", "[history]") {
  History history({});
  const std::vector<Reading> both = {{series("up"), 1}, {series("lag"), 2}};
  const std::vector<Reading> one = {{series("up"), 1}};
  history.append("replication", k_start, 0, both);
  history.append("replication", k_start + k_step, 0, one);
  history.append("replication", k_start + 2 * k_step, 0, one);
  history.append("replication", k_start + 3 * k_step, 0, both);
  const auto points = points_of(history, "lag");
  REQUIRE(points.size() == 3);  // one marker, not one for each collection
  CHECK(points[0] == Point{k_start, 2});
  CHECK(points[1].t_ms == k_start + k_step);
  CHECK(promql::is_stale(points[1].v));
  CHECK(points[2] == Point{k_start + 3 * k_step, 2});
  CHECK(points_of(history, "up").size() == 4);
}

TEST_CASE("select gives the samples of the window, and the look-back before it", "[history]") {
  History history({.retention = 24h});
  for (int i = 0; i < 400; ++i) {
    const std::vector<Reading> readings = {{series("fast"), double(i)}};
    history.append("a", k_start + i * k_step, 0, readings);
    if (i % 40 == 0) {
      const std::vector<Reading> slow = {{series("slow"), double(i)}};
      history.append("b", k_start + i * k_step, 1'200'000, slow);
    }
  }
  const auto points = points_of(history, "fast", k_start + 100 * k_step, k_start + 250 * k_step);
  REQUIRE(points.size() == 151);
  CHECK(points.front() == Point{k_start + 100 * k_step, 100});
  CHECK(points.back() == Point{k_start + 250 * k_step, 250});
  CHECK(points_of(history, R"(fast{datname="other"})").empty());

  // The collector that runs every 10 minutes still counts 19 minutes later, as its look-back says.
  const auto expr = promql::parse_expression("slow");
  const auto value = [&](std::int64_t t_ms) {
    const auto result = promql::evaluate_instant(**expr, history, t_ms);
    REQUIRE(result);
    return std::get<promql::Vector>(result->value).size();
  };
  CHECK(value(k_start + 360 * k_step + 19 * 60'000) == 1);
  CHECK(value(k_start + 360 * k_step + 21 * 60'000) == 0);
}

TEST_CASE("a rate over history is the rate over the same samples in memory", "[history]") {
  History history({});
  for (int i = 0; i < 100; ++i) {
    const std::vector<Reading> readings = {{series("commits"), i * 30.0}};
    history.append("database", k_start + i * k_step, 0, readings);
  }
  const auto expr = promql::parse_expression("rate(commits[5m])");
  const auto result = promql::evaluate_instant(**expr, history, k_start + 99 * k_step);
  REQUIRE(result);
  const auto& vector = std::get<promql::Vector>(result->value);
  REQUIRE(vector.size() == 1);
  CHECK(vector[0].point.v == Approx(2.0));
}

TEST_CASE("a series that moves to another source is one series", "[history]") {
  History history({});
  const std::vector<Reading> reading = {{series("up"), 1}};
  history.append("old", k_start, 0, reading);
  history.append("new", k_start + k_step, 0, reading);
  const auto points = points_of(history, "up");
  REQUIRE(points.size() == 2);
  CHECK(points[0].t_ms < points[1].t_ms);
  history.forget("old");
  CHECK(points_of(history, "up").size() == 1);
}

TEST_CASE("a collection that is not newer than the last is left out and counted", "[history]") {
  History history({});
  const std::vector<Reading> reading = {{series("up"), 1}};
  history.append("a", k_start, 0, reading);
  history.append("a", k_start, 0, reading);
  history.append("a", k_start - 1, 0, reading);
  CHECK(history.figures().collections_late == 2);
  CHECK(history.figures().samples == 1);
}

TEST_CASE("samples older than the retention go, and series with them", "[history]") {
  History history({.retention = 1h});
  const std::vector<Reading> gone = {{series("gone"), 1}, {series("stays"), 1}};
  const std::vector<Reading> stays = {{series("stays"), 1}};
  history.append("a", k_start, 0, gone);
  for (int i = 1; i < 1000; ++i)
    history.append("a", k_start + i * k_step, 0, stays);
  const auto figures = history.figures();
  CHECK(figures.series == 1);
  CHECK(figures.samples >= 240);
  CHECK(figures.samples <= 240 + 121);
  CHECK(figures.samples_over_size == 0);
  CHECK(points_of(history, "gone").empty());
}

TEST_CASE("max_bytes drops the oldest samples first and counts them", "[history]") {
  History history({.retention = 24h, .max_bytes = Bytes{100'000}});
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 20; ++k)
      readings.push_back({series("noise", std::to_string(k)), std::ldexp(double(random()), -9)});
    history.append("a", k_start + i * k_step, 0, readings);
    REQUIRE(history.figures().memory.count <= 100'000);
  }
  const auto figures = history.figures();
  CHECK(figures.samples_over_size > 0);
  CHECK(figures.samples_over_size + figures.samples == 2000 * 20);
  CHECK(figures.series == 20);
  const auto points = points_of(history, R"(noise{datname="7"})");
  REQUIRE_FALSE(points.empty());
  CHECK(points.back().t_ms == k_start + 1999 * k_step);
  for (std::size_t i = 1; i < points.size(); ++i)
    CHECK(points[i].t_ms == points[i - 1].t_ms + k_step);
}

TEST_CASE("max_bytes holds even when every series is short", "[history]") {
  History history({.retention = 24h, .max_bytes = Bytes{50'000}});
  for (int i = 0; i < 50; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 100; ++k)
      readings.push_back({series("churn", std::to_string(i * 100 + k)), 1.0});
    history.append("a", k_start + i * k_step, 0, readings);
    REQUIRE(history.figures().memory.count <= 50'000);
  }
  CHECK(history.figures().samples_over_size > 0);
}

TEST_CASE("series that find no room take nobody else's past", "[history]") {
  History history({.retention = 24h, .max_bytes = Bytes{400'000}});
  constexpr int k_ticks = 100;
  for (int i = 0; i < k_ticks; ++i) {
    std::vector<Reading> tables;
    for (int k = 0; k < 5000; ++k)
      tables.push_back({series("tables", std::to_string(k)), double(i)});
    history.append("tables", k_start + i * k_step, 0, tables);
    std::vector<Reading> databases;
    for (int k = 0; k < 5; ++k)
      databases.push_back({series("databases", std::to_string(k)), double(i * k)});
    history.append("databases", k_start + i * k_step, 0, databases);
    REQUIRE(history.figures().memory.count <= 400'000);
  }
  CHECK(history.figures().samples_over_size > 0);
  for (int k = 0; k < 5; ++k)
    CHECK(points_of(history, R"(databases{datname=")" + std::to_string(k) + "\"}").size() == k_ticks);
  CHECK(points_of(history, R"(tables{datname="0"})").size() == k_ticks);
  CHECK(points_of(history, R"(tables{datname="4999"})").empty());
}

TEST_CASE("history survives a restart", "[history]") {
  const History history = history_of(3, 500);
  const std::string bytes = history.serialised();
  auto loaded = History::load(bytes, {.retention = 24h});
  REQUIRE(loaded);
  CHECK(loaded->serialised() == bytes);
  CHECK(loaded->figures().samples == history.figures().samples);
  for (const char* name : {"a", "b", "c", "d"})
    CHECK(same_bits(points_of(*loaded, name), points_of(history, name)));

  // What was collected before the restart and is gone after it ends with the first collection.
  const std::vector<Reading> reading = {{series("a"), 1}};
  loaded->append("one", k_start + 500 * k_step, 0, reading);
  CHECK(points_of(*loaded, "a").back() == Point{k_start + 500 * k_step, 1});
  CHECK(promql::is_stale(points_of(*loaded, "b").back().v));
}

TEST_CASE("damaged bytes of a history give an error and never a crash", "[history]") {
  const std::string good = history_of(5, 40).serialised();
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(History::load(good.substr(0, size), {}));

  std::mt19937 random(11);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 5 == 0) bytes.resize(30 + random() % (bytes.size() - 30));
    if (round % 7 == 0)
      bytes.insert(random() % bytes.size(), std::string(1 + random() % 9, static_cast<char>(random())));
    CHECK((bytes == good || !History::load(bytes, {})));  // the checksum sees it
    bytes = with_right_checksum(bytes);
    auto loaded = History::load(bytes, {.retention = 24h});
    if (!loaded) {
      ++refused;
      CHECK(loaded.error().message.starts_with("the saved history is damaged: "));
      continue;
    }
    // What is accepted is whole: it can be read, appended to and written again.
    const std::vector<Reading> reading = {{series("a"), 1}};
    loaded->append("one", k_start * 2, 0, reading);
    const auto matchers = promql::parse_selector(R"({__name__=~".+"})");
    REQUIRE(loaded->select(*matchers, 0, k_start * 3));
    REQUIRE(History::load(loaded->serialised(), {.retention = 24h}));
  }
  CHECK(refused > 1000);
  const auto older = History::load("pgvigil history 1\n" + std::string(20, 'x'), {});
  REQUIRE_FALSE(older);
  CHECK(older.error().message.ends_with("another version of pgvigil wrote it"));
}

TEST_CASE("the metrics that the dashboards show over time are known by name", "[history]") {
  const auto charted = charted_metrics();
  CHECK(std::ranges::adjacent_find(charted, std::greater_equal<>{}) == charted.end());
  CHECK(std::ranges::find(charted, "pg_stat_database_xact_commit") != charted.end());
  for (const std::string_view name : charted)
    CHECK(MetricName::parse(name));
}

TEST_CASE("only what is read of the past is needed", "[history]") {
  HistoryNeeds needs;
  const auto add = [&](const char* text) {
    const auto expr = promql::parse_expression(text);
    REQUIRE(expr);
    needs.add(**expr);
  };
  add("pg_up == 0 and rate(commits[10m]) > 1");
  add("(lag - lag offset 5m) > 0 or max_over_time(sum(bytes)[1h:1m]) > 1");
  add(R"(increase({__name__=~"errors_.+",job="x"}[15m] offset 1h) > 0)");
  add("rate(commits[2m])");
  needs.add("charted", 1h);
  CHECK_FALSE(needs.wants("pg_up"));
  CHECK(needs.span("commits") == 10min);
  CHECK(needs.span("lag") == 5min);
  CHECK(needs.span("bytes") == 1h);
  CHECK(needs.span("errors_total") == 75min);
  CHECK_FALSE(needs.wants("errors"));
  CHECK(needs.wants("charted"));
  CHECK(needs.longest() == 75min);
}
