#include "agent/notify/planning/standing.h"

#include <catch2/catch.hpp>

#include "agent/notify/planning/decision_log.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::agent::notify;
using namespace std::chrono_literals;

namespace {

const Timestamp k_now = Timestamp{} + std::chrono::hours(500'000);

void add(World& world, const std::string& name, const std::string& severity = "warning") {
  Alert alert;
  alert.labels = promql::Labels::make({{"alertname", name}, {"severity", severity}});
  alert.fired_at = k_now - 1min;
  world.alerts.insert_or_assign(fingerprint(*alert.labels), alert);
}

/// One receiver, `hook`, and routes that take `matched` to it at once.
Policy policy_of(const std::string& matched) {
  NotifySettings settings;
  settings.grouping.by = {"alertname"};
  settings.grouping.wait = 0ms;
  ReceiverSettings hook;
  hook.name = "hook";
  hook.type = "webhook";
  settings.receivers = {hook};
  settings.routes = {{{matched}, {"hook"}, false, settings.grouping}};
  return Policy(settings);
}

std::string outcomes(const std::vector<GroupStanding>& groups) {
  std::string text;
  for (const GroupStanding& group : groups)
    text += group.outcome + ":" + std::string(group.alerts.front().labels->get("alertname")) + " ";
  return text;
}

}  // namespace

TEST_CASE(
    "how alerts stand: what is due first, the worst in front, and what no route takes is not left out") {
  World world;
  for (const char* name : {"Silent", "Due", "Lost"})
    add(world, name);
  add(world, "DueBad", "critical");
  world.silences.push_back(
      {"17", {parse_matcher("alertname=Silent").value()}, k_now - 1h, k_now + 1h, "ann", "moving"});
  const auto groups = standings(policy_of("alertname!=Lost"), world, k_now);
  CHECK(outcomes(groups) == "due:DueBad due:Due unrouted:Lost quiet:Silent ");
  CHECK(groups[2].receiver.empty());
  CHECK(groups[3].alerts.front().quiet.starts_with("silence 17 of ann until "));
  CHECK(groups[3].alerts.front().quiet.ends_with(" UTC: moving"));
  CHECK_FALSE(groups[0].alerts.front().told);
}

TEST_CASE("what was told stands as told, and its end is forgotten when it was told") {
  World world;
  add(world, "A");
  const Policy policy = policy_of("alertname=A");
  auto planned = plan(policy, world, "hook", k_now);
  delivered(planned[0].state, std::vector<Alert>{world.alerts.begin()->second}, "", k_now);
  world.groups["hook"][planned[0].key] = planned[0].state;
  auto groups = standings(policy, world, k_now + 1s);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].outcome == "waiting");
  CHECK(groups[0].alerts.front().told);
  CHECK(groups[0].last_sent == k_now);
  world.alerts.begin()->second.resolved_at = k_now + 2s;
  planned = plan(policy, world, "hook", k_now + 24h);
  delivered(planned[0].state, std::vector<Alert>{world.alerts.begin()->second}, "", k_now + 24h);
  world.groups["hook"][planned[0].key] = planned[0].state;
  CHECK(standings(policy, world, k_now + 24h).empty());
}

TEST_CASE("a reason is noted once, with what it is about and until when, and not when nothing fires") {
  World world;
  for (const char* name : {"A", "B", "C", "D", "E"})
    add(world, name);
  NotifySettings settings;
  settings.grouping.by = {"severity"};
  settings.grouping.wait = 30s;
  ReceiverSettings hook;
  hook.name = "hook";
  hook.type = "webhook";
  settings.receivers = {hook};
  const Policy policy(settings);
  DecisionLog log;
  const auto planned = plan(policy, world, "hook", k_now);
  const auto fresh = log.note_plan("hook", planned, k_now);
  REQUIRE(fresh.size() == 1);
  CHECK(fresh[0].about == "A, B, C and 2 more");
  CHECK(fresh[0].until == k_now + 30s);
  CHECK(log.note_plan("hook", planned, k_now + 1s).empty());
  for (auto& [fingerprint, alert] : world.alerts)
    alert.resolved_at = k_now + 2s;
  CHECK(log.note_plan("hook", plan(policy, world, "hook", k_now + 3s), k_now + 3s).empty());
  CHECK(log.all().size() == 1);
}
