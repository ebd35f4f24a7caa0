#include "agent/watching/target/governor.h"

#include <catch2/catch.hpp>
#include <functional>

using namespace pgvigil::agent;
using namespace std::chrono_literals;
using Clock = Governor::Clock;

namespace {

const Clock::time_point k_start{1000h};

/// One collector that runs at the pace which its governor allows.
class Run {
 public:
  Run(Clock::duration every, double share) : every_(every) { governor.add(every, share); }

  /// Runs for `time`, each run costing what `cost` says of it; the seconds that they cost.
  double pass(Clock::duration time, const std::function<double()>& cost) {
    double sum = 0;
    for (const auto end = now + time; now < end;) {
      const double seconds = cost();
      sum += seconds;
      if (governor.note(0, seconds, now)) ++changes;
      now += std::chrono::duration_cast<Clock::duration>(every_ * governor.slowdown(0));
    }
    return sum;
  }

  Governor governor;
  Clock::time_point now = k_start;
  int changes = 0;

 private:
  Clock::duration every_;
};

std::function<double()> always(double seconds) {
  return [=] { return seconds; };
}

}  // namespace

TEST_CASE("a collector within its share keeps its pace", "[governor]") {
  Run run(15s, 0.01);
  run.pass(2h, always(0.14));
  CHECK(run.governor.slowdown(0) == 1);
  CHECK(run.changes == 0);
}

TEST_CASE("a collector that costs three times its share runs a third as often, and then keeps to its share",
          "[governor]") {
  Run run(15s, 0.01);
  run.pass(10min, always(0.45));
  CHECK(run.governor.slowdown(0) == Approx(3));
  CHECK(run.governor.asked(0) == Approx(0.03));
  CHECK(run.pass(1h, always(0.45)) <= 0.01 * 3600 + 0.45);
  CHECK(run.changes == 1);
}

TEST_CASE("it is not slowed down before it has used up what is allowed in ten minutes", "[governor]") {
  Run run(15s, 0.01);
  CHECK(run.pass(3min, always(0.45)) < 6);
  CHECK(run.governor.slowdown(0) == 1);
}

TEST_CASE("neither dear first runs nor an outlier slow a collector down", "[governor]") {
  Run cold(15s, 0.01);
  int runs = 0;
  cold.pass(1h, [&] { return ++runs <= 2 ? 5.0 : 0.01; });
  CHECK(cold.changes == 0);
  Run struck(15s, 0.01);
  struck.pass(1h, [&, count = 0]() mutable { return ++count == 100 ? 60.0 : 0.01; });
  CHECK(struck.changes == 0);
}

TEST_CASE("a slow timer is judged by six intervals", "[governor]") {
  Run dear(5min, 0.01);
  dear.pass(1h, always(6));
  CHECK(dear.governor.slowdown(0) == Approx(2));
  Run cheap(5min, 0.01);
  cheap.pass(10h, always(2.5));
  CHECK(cheap.changes == 0);
}

TEST_CASE("it recovers when it becomes cheap again, and follows when it becomes dearer", "[governor]") {
  Run run(15s, 0.01);
  run.pass(20min, always(0.6));
  CHECK(run.governor.slowdown(0) == Approx(4));
  run.pass(20min, always(1.2));
  CHECK(run.governor.slowdown(0) == Approx(8));
  run.pass(20min, always(0.01));
  CHECK(run.governor.slowdown(0) == 1);
}

TEST_CASE("costs that sway a little do not change the pace again and again", "[governor]") {
  Run run(15s, 0.01);
  int turn = 0;
  run.pass(10h, [&] { return 0.45 * (++turn % 2 == 0 ? 1.05 : 0.95); });
  CHECK(run.governor.slowdown(0) == Approx(3).epsilon(0.1));
  CHECK(run.changes <= 2);
}

TEST_CASE("with a share of 0 nothing is slowed down", "[governor]") {
  Run run(15s, 0);
  run.pass(1h, always(10));
  CHECK(run.governor.slowdown(0) == 1);
}

TEST_CASE("what all collectors used is told over ten minutes", "[governor]") {
  Governor governor;
  governor.add(15s, 0.01);
  governor.add(15s, 0);
  auto now = k_start;
  for (int i = 0; i < 400; ++i, now += 15s) {
    governor.note(0, 0.15, now);
    governor.note(1, 0.6, now);
  }
  CHECK(governor.used(now) == Approx(0.05).epsilon(0.03));
  CHECK(governor.used(now + 11min) == 0);
}
