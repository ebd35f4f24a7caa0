#include "rules/alert.h"

#include <catch2/catch.hpp>
#include <random>

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds k_interval = 15s;

/// Plays looks at one alert, one interval after the other, and writes down what happens: "75s firing".
class Player {
 public:
  explicit Player(AlertPolicy policy) : policy_(std::move(policy)) {}

  /// H holds, . gone, ~ gone but not below the clear threshold, ? unseen, 0 no data, space: the agent is
  /// down.
  Player& play(std::string_view looks) {
    for (char look : looks) {
      if (look != ' ') {
        Observation seen;
        if (look == 'H') seen = {Condition::holds, 1};
        if (look == '~') seen = {Condition::gone, 0, false};
        if (look == '?') seen = {Condition::unseen};
        if (look == '0') seen = {Condition::no_data};
        AlertStep next = step(policy_, state, seen, now_);
        state = next.state;
        for (Transition transition : next.transitions)
          story += (story.empty() ? "" : ", ") +
                   std::to_string(
                       std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count()) +
                   "s " + std::string(to_string(transition));
      }
      now_ += k_interval;
    }
    return *this;
  }

  AlertState state;
  std::string story;

 private:
  AlertPolicy policy_;
  Timestamp now_{};
};

std::string story(AlertPolicy policy, std::string_view looks) {
  return Player(std::move(policy)).play(looks).story;
}

}  // namespace

TEST_CASE("an alert is pending for its time, fires, and resolves", "[alert]") {
  CHECK(story({.hold_for = 60s}, "..HHHHHH..") == "30s pending, 90s firing, 120s resolved");
  CHECK(story({.hold_for = 60s}, "HHHH.HHHHH") == "0s pending, 60s dropped, 75s pending, 135s firing");
  CHECK(story({}, ".H.H") == "15s firing, 30s resolved, 45s firing");
}

TEST_CASE("keep_firing_for outlasts a short pause", "[alert]") {
  const AlertPolicy policy{.keep_firing_for = 30s};
  CHECK(story(policy, "H..H...") == "0s firing, 90s resolved");
  CHECK(story(policy, "H...") == "0s firing, 45s resolved");
}

TEST_CASE("lost sight is not good news", "[alert]") {
  CHECK(story({}, "H???H.") == "0s firing, 15s unknown begins, 60s unknown ends, 75s resolved");
  CHECK(story({}, "H???.") == "0s firing, 15s unknown begins, 60s unknown ends, 60s resolved");
  CHECK(story({.hold_for = 30s}, "H???") == "0s pending, 15s unknown begins");
  CHECK(story({}, "???") == "");
}

TEST_CASE("the clock of for counts only what was observed", "[alert]") {
  // 30 s seen, a blind minute, then 30 s more.
  CHECK(story({.hold_for = 60s}, "HHH????HHH") ==
        "0s pending, 45s unknown begins, 105s unknown ends, 135s firing");
  // The agent is down for five minutes: the same, with no word of it.
  CHECK(story({.hold_for = 60s}, "HHH                    HHH") == "0s pending, 375s firing");
  // A restart that takes less than the gap is time observed.
  CHECK(story({.hold_for = 60s}, "HHH HH") == "0s pending, 60s firing");
}

TEST_CASE("the clock of keep_firing_for counts only what was observed", "[alert]") {
  CHECK(story({.keep_firing_for = 45s}, "H..                    ...") == "0s firing, 375s resolved");
}

TEST_CASE("what is done when the series are gone is the rule's choice", "[alert]") {
  CHECK(story({.on_nodata = NoData::resolve}, "H0") == "0s firing, 15s resolved");
  CHECK(story({.on_nodata = NoData::hold}, "H00H.") ==
        "0s firing, 15s unknown begins, 45s unknown ends, 60s resolved");
  CHECK(story({.hold_for = 30s, .on_nodata = NoData::fire}, "000.") ==
        "0s pending, 30s firing, 45s resolved");
}

TEST_CASE("between two thresholds a firing alert goes on", "[alert]") {
  CHECK(story({}, "H~~~H~.") == "0s firing, 90s resolved");
  CHECK(story({.hold_for = 60s}, "H~H") == "0s pending, 15s dropped, 30s pending");
}

TEST_CASE("a flapping alert is told once and held until it is quiet", "[alert]") {
  const AlertPolicy policy{.flap = FlapSettings{4, 2min}};
  CHECK(story(policy, "H.H.H.H.H..........") ==
        "0s firing, 15s resolved, 30s firing, 45s flapping begins, 255s flapping ends, 255s resolved");
  CHECK(story(policy, "H.H.HHHHHHHHHHHHHHHHHHHH..") ==
        "0s firing, 15s resolved, 30s firing, 45s flapping begins, 180s flapping ends, 360s resolved");
  CHECK(story(policy, "H.........H.........H.........H") ==
        "0s firing, 15s resolved, 150s firing, 165s resolved, 300s firing, 315s resolved, 450s firing");
}

TEST_CASE("a firing alert keeps its start and its value", "[alert]") {
  Player player({.hold_for = 15s});
  player.play("HHH??H");
  CHECK(player.state.active_since == Timestamp{});
  CHECK(player.state.firing_since == Timestamp{} + 15s);
  CHECK(player.state.value == 1);
  player.play("?");
  REQUIRE(player.state.unknown_since);
  CHECK(*player.state.unknown_since == Timestamp{} + 90s);
}

TEST_CASE("a clock that is set back moves nothing", "[alert]") {
  const AlertPolicy policy{.hold_for = 60s};
  AlertState state;
  const Timestamp start{};
  state = step(policy, state, {Condition::holds}, start + 1h).state;
  state = step(policy, state, {Condition::holds}, start).state;
  CHECK(state.phase == AlertPhase::pending);
  CHECK(state.observed == 0ms);
  state = step(policy, state, {Condition::holds}, start + 15s).state;
  CHECK(state.observed == 15s);
}

TEST_CASE("what no sequence of looks may do to an alert", "[alert]") {
  std::mt19937 random(17);
  for (int round = 0; round < 3000; ++round) {
    AlertPolicy policy;
    policy.hold_for = milliseconds{random() % 4 * 15'000};
    policy.keep_firing_for = milliseconds{random() % 3 * 15'000};
    policy.on_nodata = static_cast<NoData>(random() % 3);
    if (random() % 3 == 0)
      policy.flap = FlapSettings{2 + unsigned(random() % 4), milliseconds{30'000 + random() % 300'000}};
    AlertState state;
    Timestamp now{};
    bool firing = false;
    milliseconds seen_true{0};
    for (int i = 0; i < 60; ++i) {
      now += milliseconds{random() % 10 == 0 ? 600'000 : 15'000};
      const Observation seen{static_cast<Condition>(random() % 4), 1, random() % 4 != 0};
      const AlertStep next = step(policy, state, seen, now);
      const auto told = [&](Transition transition) {
        return std::ranges::count(next.transitions, transition);
      };
      // Nothing is known: no phase changes, and neither does a clock.
      if (seen.condition == Condition::unseen) {
        CHECK(next.state.phase == state.phase);
        CHECK(next.state.observed == state.observed);
        CHECK(next.state.observed_gone == state.observed_gone);
      }
      // Resolved and firing are told in turns, and the phase agrees.
      if (told(Transition::firing) > 0) CHECK_FALSE(firing);
      if (told(Transition::resolved) > 0) CHECK((firing || told(Transition::firing) > 0));
      firing = next.state.phase == AlertPhase::firing;
      CHECK(told(Transition::firing) <= 1);
      CHECK(told(Transition::resolved) <= 1);
      // It ends only on a look that saw it gone.
      if (told(Transition::resolved) > 0)
        CHECK((seen.condition == Condition::gone ||
               (seen.condition == Condition::no_data && policy.on_nodata == NoData::resolve)));
      if (told(Transition::resolved) > 0 && seen.condition == Condition::gone) CHECK(seen.cleared);
      // `for` is never shorter than it says.
      seen_true = seen.condition == Condition::gone ? milliseconds{0} : seen_true + 600'000ms;
      if (told(Transition::firing) > 0) CHECK((next.state.observed >= policy.hold_for));
      if (next.state.phase == AlertPhase::pending) CHECK(next.state.observed <= seen_true);
      // A step is a function: the same again gives the same.
      CHECK(step(policy, state, seen, now).state == next.state);
      CHECK(next.state.flapping <= policy.flap.has_value());
      state = next.state;
    }
  }
}
