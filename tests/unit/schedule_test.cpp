#include "agent/watching/target/schedule.h"

#include <catch2/catch.hpp>
#include <map>

#include "agent/watching/target/backoff.h"

using namespace pgvigil::agent;
using namespace std::chrono_literals;
using Result = Schedule::Result;

namespace {
const Schedule::Clock::time_point k_start{1000h};
}

TEST_CASE("every job is due at once, in order, and none twice") {
  Schedule schedule;
  for (int i = 0; i < 3; ++i)
    schedule.add(15s, k_start);
  CHECK(schedule.take(k_start) == 0u);
  CHECK(schedule.take(k_start) == 1u);
  CHECK(schedule.take(k_start) == 2u);
  CHECK(schedule.take(k_start + 1h) == std::nullopt);
}

TEST_CASE("jobs keep their rate and are spread over the interval") {
  Schedule schedule;
  constexpr std::size_t jobs = 10;
  for (std::size_t i = 0; i < jobs; ++i)
    schedule.add(10s, k_start);
  std::map<std::size_t, int> runs;
  int most_in_one_second = 0;
  for (auto now = k_start; now < k_start + 100s; now += 1s) {
    int here = 0;
    while (const auto job = schedule.take(now)) {
      ++runs[*job];
      ++here;
      schedule.done(*job, Result::good, now);
    }
    if (now > k_start) most_in_one_second = std::max(most_in_one_second, here);
  }
  for (const auto& [job, count] : runs)
    CHECK((count == 10 || count == 11));
  CHECK(runs.size() == jobs);
  CHECK(most_in_one_second <= 2);
}

TEST_CASE("what a stall missed is not caught up") {
  Schedule schedule;
  schedule.add(10s, k_start);
  REQUIRE(schedule.take(k_start));
  schedule.done(0, Result::good, k_start + 95s);
  CHECK(schedule.take(k_start + 99s) == std::nullopt);
  CHECK(schedule.take(k_start + 100s) == 0u);
}

TEST_CASE("a job that fails again and again runs more seldom, and at its rate after a success") {
  Schedule schedule;
  schedule.add(10s, k_start);
  auto now = k_start;
  std::vector<Schedule::Clock::duration> pauses;
  for (int i = 0; i < 9; ++i) {
    REQUIRE(schedule.take(now));
    schedule.done(0, Result::failed, now);
    pauses.push_back(*schedule.next_due() - now);
    now = *schedule.next_due();
  }
  CHECK(pauses[0] <= 10s);
  CHECK(pauses[1] >= 20s);
  CHECK(pauses[2] >= 40s);
  CHECK(pauses[8] <= 5min + 10s);
  REQUIRE(schedule.take(now));
  schedule.done(0, Result::good, now);
  CHECK(*schedule.next_due() - now <= 10s);
}

TEST_CASE("a job given back is due still, and a hurried one is due now") {
  Schedule schedule;
  schedule.add(10s, k_start);
  REQUIRE(schedule.take(k_start));
  schedule.give_back(0);
  CHECK(schedule.take(k_start) == 0u);
  schedule.done(0, Result::good, k_start);
  CHECK(schedule.take(k_start + 1s) == std::nullopt);
  schedule.hurry(0, k_start + 1s);
  CHECK(schedule.take(k_start + 1s) == 0u);
}

TEST_CASE("the jobs of a tour are due together, and apart from the workers' jobs") {
  using Lane = Schedule::Lane;
  Schedule schedule;
  schedule.add(10s, k_start);
  schedule.add(30s, k_start, Lane::tour);
  schedule.add(60s, k_start, Lane::tour);
  CHECK(schedule.take(k_start) == 0u);
  CHECK(schedule.take(k_start) == std::nullopt);
  for (std::size_t job : {1u, 2u}) {
    CHECK(schedule.take(k_start, Lane::tour) == job);
    schedule.done(job, Result::good, k_start + 2s);
  }
  CHECK(schedule.next_due(Lane::tour) == k_start + 30s);
  REQUIRE(schedule.take(k_start + 30s, Lane::tour) == 1u);
  CHECK(schedule.take(k_start + 30s, Lane::tour) == std::nullopt);
  schedule.done(1, Result::good, k_start + 32s);
  CHECK(schedule.take(k_start + 60s, Lane::tour) == 1u);
  CHECK(schedule.take(k_start + 60s, Lane::tour) == 2u);
}

TEST_CASE("a stretched job runs at its longer interval until it is let go") {
  Schedule schedule;
  schedule.add(10s, k_start);
  REQUIRE(schedule.take(k_start));
  schedule.stretch(0, 2.5);
  schedule.done(0, Result::good, k_start + 1s);
  CHECK(*schedule.next_due() == k_start + 25s);
  REQUIRE(schedule.take(k_start + 25s));
  schedule.stretch(0, 1);
  schedule.done(0, Result::good, k_start + 26s);
  CHECK(*schedule.next_due() == k_start + 30s);
}

TEST_CASE("the pause before the next attempt doubles up to its limit, less a random part") {
  Backoff backoff(15s);
  CHECK(backoff.failed(0) == 250ms);
  CHECK(backoff.failed(0) == 500ms);
  CHECK(backoff.failed(0.5) == 750ms);
  for (int i = 0; i < 100; ++i)
    CHECK(backoff.failed(0) <= 15s);
  CHECK(backoff.failed(0) == 15s);
  backoff.succeeded();
  CHECK(backoff.failed(0) == 250ms);
}
