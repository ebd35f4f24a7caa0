#include "agent/runtime/vitals.h"

#include <catch2/catch.hpp>

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

const Timestamp k_now = Timestamp{} + std::chrono::hours(500'000);

CollectorStatus collector(std::optional<Timestamp> last_success, std::chrono::milliseconds every = 15s) {
  CollectorStatus status;
  status.every = every;
  status.last_success = last_success;
  status.state = last_success ? CollectorState::good : CollectorState::waiting;
  return status;
}

Vitals good() {
  return {.watched = {{"server", true, false, {collector(k_now - 10s), collector({}, 1h)}}},
          .last_evaluation = k_now - 5s,
          .receivers = {{.receiver = "hook", .last_look = k_now}}};
}

}  // namespace

TEST_CASE("vitals: all is well while it collects, judges and tells") {
  CHECK(trouble_of(good(), k_now).empty());
}

TEST_CASE("vitals: a server that does not answer is told of, and no trouble of pgvigil's") {
  Vitals vitals = good();
  vitals.watched[0].collectors = {collector(k_now - 1h)};
  CHECK(trouble_of(vitals, k_now) == "server: nothing has been collected of late");
  vitals.watched[0].in_trouble = true;
  CHECK(trouble_of(vitals, k_now).empty());
  vitals.watched[0].alive = false;
  CHECK(trouble_of(vitals, k_now) == "server: collectors do not come back");
}

TEST_CASE("vitals: a server that answers, and of which nothing is collected, is trouble") {
  Vitals vitals = good();
  vitals.watched[0].collectors = {collector({})};
  CHECK(trouble_of(vitals, k_now) == "server: nothing has been collected yet");
  vitals.watched[0].collectors = {collector(k_now - 59s)};
  CHECK(trouble_of(vitals, k_now).empty());
  vitals.watched[0].collectors = {collector(k_now - 61s)};
  CHECK_FALSE(trouble_of(vitals, k_now).empty());
  vitals.watched[0].collectors = {collector(k_now - 1h, 20min)};
  CHECK(trouble_of(vitals, k_now).empty());
  vitals.watched[0].collectors[0].state = CollectorState::unsupported;
  vitals.watched[0].collectors[0].last_success.reset();
  CHECK(trouble_of(vitals, k_now).empty());
}

TEST_CASE("vitals: rules that stand still, and messages that are stuck, are trouble") {
  Vitals vitals = good();
  vitals.last_evaluation = k_now - 61s;
  CHECK(trouble_of(vitals, k_now) == "no rule has been evaluated of late");
  vitals = good();
  vitals.receivers[0].oldest_due = k_now - 6min;
  CHECK(trouble_of(vitals, k_now) == "hook has not been told of an alert for more than 5 minutes");
  vitals = good();
  vitals.receivers[0].last_look = k_now - 6min;
  CHECK(trouble_of(vitals, k_now) == "nobody has looked for more than 5 minutes what to tell hook");
}
