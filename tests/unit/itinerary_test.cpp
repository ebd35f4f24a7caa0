#include "agent/watching/target/itinerary.h"

#include <catch2/catch.hpp>

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

const Itinerary::Clock::time_point k_start{1000h};
const Error k_refused{ErrorKind::too_many_connections, "too many connections for database"};
const Error k_unknown{ErrorKind::undefined, "database does not exist"};
const Error k_locked{ErrorKind::lock_timeout, "canceling statement due to lock timeout"};

}  // namespace

TEST_CASE("databases come and go, and nothing is remembered of those that are gone", "[itinerary]") {
  Itinerary tour;
  CHECK(tour.set({"b", "a"}).added == Names{"b", "a"});
  CHECK_FALSE(tour.set({"a", "b"}).any());
  tour.failed("a", k_refused, k_start);
  const auto change = tour.set({"b", "c"});
  CHECK(change.added == Names{"c"});
  CHECK(change.dropped == Names{"a"});
  CHECK(tour.troubles().empty());
  CHECK_FALSE(tour.failed("a", k_refused, k_start));
  CHECK(tour.visits(k_start) == Names{"b", "c"});
}

TEST_CASE("a database in trouble is passed over for longer and longer, and comes last", "[itinerary]") {
  Itinerary tour;
  tour.set({"a", "b", "c"});
  CHECK(tour.failed("a", k_refused, k_start));
  CHECK(tour.visits(k_start + 14s) == Names{"b", "c"});
  CHECK(tour.visits(k_start + 15s) == Names{"b", "c", "a"});
  auto now = k_start + 15s;
  for (const auto pause : {30s, 60s, 120s, 240s, 300s, 300s}) {
    tour.failed("a", k_refused, now);
    CHECK(tour.visits(now + pause - 1s) == Names{"b", "c"});
    now += pause;
    CHECK(tour.visits(now).back() == "a");
  }
  tour.failed("b", k_refused, now);
  CHECK(tour.visits(now + 1h) == Names{"c", "a", "b"});
  CHECK(tour.succeeded("a"));
  CHECK(tour.visits(now + 1h) == Names{"a", "c", "b"});
  CHECK_FALSE(tour.succeeded("a"));
}

TEST_CASE("a job that fails in a database is passed over there and nowhere else", "[itinerary]") {
  Itinerary tour;
  tour.set({"a", "b"});
  CHECK(tour.failed("a", 1, k_locked, k_start));
  CHECK(tour.is_well("a"));
  CHECK(tour.visits(k_start) == Names{"a", "b"});
  CHECK_FALSE(tour.may_run("a", 1, k_start + 14s));
  CHECK(tour.may_run("a", 1, k_start + 15s));
  CHECK(tour.may_run("a", 2, k_start));
  CHECK(tour.may_run("b", 1, k_start));
  CHECK(tour.last_trouble(1) == k_locked);
  CHECK_FALSE(tour.last_trouble(2));
  CHECK(tour.succeeded("a", 1));
  CHECK(tour.may_run("a", 1, k_start));
}

TEST_CASE("a database that may just have been dropped is named at the second failure", "[itinerary]") {
  Itinerary tour;
  tour.set({"a"});
  CHECK_FALSE(tour.failed("a", k_unknown, k_start));
  CHECK(tour.troubles().empty());
  CHECK(tour.visits(k_start) == Names{"a"});
  CHECK(tour.failed("a", k_unknown, k_start + 1s));
  CHECK(tour.troubles().at("a").at(std::nullopt).error == k_unknown);
  CHECK(tour.visits(k_start + 2s).empty());
}
