#include "rules/promql/engine.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/promql/memory_storage.h"
#include "rules/promql/parser.h"

using namespace pgvigil::promql;

namespace {

LabelsPtr labels(std::vector<std::pair<std::string, std::string>> pairs) {
  return Labels::make(std::move(pairs));
}

/// up{i="0"}, up{i="1"}, …: a sample every minute for an hour.
MemoryStorage minutes(std::size_t series) {
  MemoryStorage storage;
  for (std::size_t i = 0; i < series; ++i) {
    std::vector<Point> points;
    for (std::int64_t t = 0; t <= 60; ++t)
      points.push_back({t * 60'000, static_cast<double>(t)});
    storage.append(labels({{"__name__", "up"}, {"i", std::to_string(i)}}), points);
  }
  return storage;
}

Expected<QueryResult> instant(const Queryable& storage,
                              std::string_view query,
                              std::int64_t t_ms,
                              const QueryOptions& options = {}) {
  Expected<ExprPtr> expr = parse_expression(query);
  REQUIRE(expr);
  return evaluate_instant(**expr, storage, t_ms, options);
}

/// Gives one series with a look-back of its own.
class SlowCollector : public Queryable {
 public:
  Expected<SeriesSet> select(std::span<const Matcher>, std::int64_t, std::int64_t) const override {
    SeriesSet set;
    set.add_series(labels({{"__name__", "backup"}}), 2 * 3'600'000);
    set.add_point({0, 1});
    return set;
  }
};

class BrokenStorage : public Queryable {
 public:
  Expected<SeriesSet> select(std::span<const Matcher>, std::int64_t, std::int64_t) const override {
    return failure(Fault::storage, "history is gone");
  }
};

}  // namespace

TEST_CASE("a selector hands on the label sets of the storage") {
  MemoryStorage storage = minutes(1);
  LabelsPtr before = storage.select({}, 0, 1)->labels(0);
  auto result = instant(storage, "(up > 0) or up", 60'000);
  REQUIRE(result);
  CHECK(std::get<Vector>(result->value)[0].labels == before);
}

TEST_CASE("a series may have a look-back of its own") {
  auto vector_at = [](std::int64_t t_ms) {
    auto result = instant(SlowCollector(), "backup", t_ms);
    REQUIRE(result);
    return std::get<Vector>(result->value).size();
  };
  CHECK(vector_at(3'600'000) == 1);
  CHECK(vector_at(2 * 3'600'000) == 0);
}

TEST_CASE("the query says its look-back") {
  QueryOptions options;
  options.lookback_ms = 30'000;
  auto result = instant(minutes(1), "up", 3'600'000 + 29'999, options);
  CHECK(std::get<Vector>(result->value).size() == 1);
  result = instant(minutes(1), "up", 3'600'000 + 30'000, options);
  CHECK(std::get<Vector>(result->value).empty());
}

TEST_CASE("a query over its limits is an error") {
  MemoryStorage storage = minutes(100);
  QueryOptions options;
  options.limits.samples = 1000;
  auto result = instant(storage, "sum(rate(up[1h]))", 3'600'000, options);
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::limit);
  result = instant(storage, "max_over_time(vector(1)[10y:1s])", 0, options);
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::limit);
  options.limits.samples_scanned = 100;
  options.limits.samples = 1'000'000;
  result = instant(storage, "max_over_time(up[1h])", 3'600'000, options);
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::limit);
  auto expr = parse_expression("up");
  auto range = evaluate_range(**expr, storage, 0, 3'600'000'000, 1000);
  REQUIRE_FALSE(range);
  CHECK(to_string(range.error()) == "exceeded maximum resolution of 11000 points per timeseries");
}

TEST_CASE("a cancelled query ends with an error") {
  QueryOptions options;
  options.cancelled = [] { return true; };
  auto result = instant(minutes(1), "up + up", 0, options);
  REQUIRE_FALSE(result);
  CHECK(to_string(result.error()) == "query timed out in expression evaluation");
}

TEST_CASE("an error of the storage is the error of the query") {
  auto result = instant(BrokenStorage(), "sum(up)", 0);
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::storage);
  CHECK(to_string(result.error()) == "history is gone");
}

TEST_CASE("annotations say where in the query") {
  auto result = instant(minutes(1), "sum(\n  rate(up[5m]))", 3'600'000);
  REQUIRE(result);
  REQUIRE(result->annotations.size() == 1);
  CHECK(to_string(result->annotations[0], "sum(\n  rate(up[5m]))") ==
        "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"up\" "
        "(2:8)");
}

TEST_CASE("a range query needs a step, an order and a vector") {
  MemoryStorage storage = minutes(1);
  auto up = parse_expression("up");
  auto window = parse_expression("up[5m]");
  CHECK_FALSE(evaluate_range(**up, storage, 0, 60'000, 0));
  CHECK_FALSE(evaluate_range(**up, storage, 60'000, 0, 1000));
  CHECK_FALSE(evaluate_range(**window, storage, 0, 60'000, 1000));
  CHECK_FALSE(evaluate_instant(**up, storage, INT64_MAX));
}

TEST_CASE("a part of an expression can be evaluated by itself") {
  auto expr = parse_expression("sum(up) > 100");
  REQUIRE(expr);
  const auto* binary = (*expr)->as<Binary>();
  auto result = evaluate_instant(*binary->left, minutes(3), 600'000);
  REQUIRE(result);
  CHECK(std::get<Vector>(result->value)[0].point == Point{600'000, 30});
}
