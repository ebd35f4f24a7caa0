#include "rules/history/history.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

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
    Chunk chunk(5);
    std::vector<double> values;
    double counter = 0;
    for (int i = 0; i < 120; ++i) {
      switch (random() % 4) {
        case 0:
          values.push_back(special[random() % special.size()]);
          break;
        case 1:
          values.push_back(std::bit_cast<double>(std::uint64_t{random()}));
          break;
        case 2:
          values.push_back(counter += double(random() % 1000));
          break;
        default:
          values.push_back(values.empty() ? 1 : values.back());
      }
      chunk.append(values.back());
    }
    chunk.close();
    const auto read = chunk.values();
    REQUIRE(read.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      REQUIRE(std::bit_cast<std::uint64_t>(read[i]) == std::bit_cast<std::uint64_t>(values[i]));
    CHECK(chunk.first_tick() == 5);
    CHECK(chunk.last_tick() == 124);
  }
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
