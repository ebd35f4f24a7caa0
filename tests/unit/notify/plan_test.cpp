#include "agent/notify/planning/plan.h"
#include "agent/notify/message/text.h"

#include <catch2/catch.hpp>

#include "agent/notify/outbox.h"
#include "agent/notify/planning/storm.h"
#include "agent/runtime/store_rooms.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::agent::notify;
using namespace std::chrono_literals;

namespace {

const Timestamp k_now = Timestamp{} + std::chrono::hours(500'000);

Alert make_alert(const std::string& name, std::vector<std::pair<std::string, std::string>> more = {}) {
  more.emplace_back("alertname", name);
  Alert alert;
  alert.labels = promql::Labels::make(std::move(more));
  alert.fired_at = k_now - 1min;
  return alert;
}

ReceiverSettings receiver(const std::string& name, const std::string& type = "webhook") {
  ReceiverSettings settings;
  settings.name = name;
  settings.type = type;
  return settings;
}

void add(World& world, Alert alert) {
  const std::string key = fingerprint(*alert.labels);
  world.alerts.insert_or_assign(key, std::move(alert));
}

/// One round for a receiver: what it is told, as if it took everything.
std::string round(const Policy& policy, World& world, const std::string& name, Timestamp now) {
  std::string told;
  for (PlannedGroup& group : plan(policy, world, name, now)) {
    if (group.decision.kind == Decision::Kind::send) {
      std::vector<Alert> alerts;
      for (const Alert* alert : group.decision.alerts) {
        told +=
            (told.empty() ? "" : " ") + std::string(alert->fires() ? "" : "-") + std::string(alert->name());
        alerts.push_back(*alert);
      }
      delivered(group.state, alerts, "", now);
    }
    world.groups[name][group.key] = group.state;
  }
  return told;
}

NotifySettings at_once(std::vector<ReceiverSettings> receivers) {
  NotifySettings settings;
  settings.grouping.wait = 0ms;
  settings.grouping.interval = 0ms;
  settings.receivers = std::move(receivers);
  return settings;
}

}  // namespace

TEST_CASE("without routes every receiver is told, but for heartbeats") {
  const Policy policy(at_once({receiver("a"), receiver("b", "heartbeat"), receiver("c", "slack")}));
  CHECK(policy.routes.back().receivers == std::vector<std::string>{"a", "c"});
}

TEST_CASE("PagerDuty gets a group for each alert, a webhook one for all of a name") {
  const Policy policy(at_once({receiver("hook"), receiver("duty", "pagerduty")}));
  World world;
  for (int i = 0; i < 3; ++i)
    add(world, make_alert("A", {{"instance", std::to_string(i)}}));
  CHECK(plan(policy, world, "hook", k_now).size() == 1);
  CHECK(plan(policy, world, "duty", k_now).size() == 3);
}

TEST_CASE("an Alertmanager is told of what is silenced here, again and again") {
  auto settings = at_once({receiver("am", "alertmanager")});
  const Policy policy(settings);
  World world;
  add(world, make_alert("A"));
  world.silences.push_back({"1", {parse_matcher("alertname=A").value()}, k_now - 1h, k_now + 1h, "me", ""});
  CHECK(round(policy, world, "am", k_now) == "A");
  CHECK(round(policy, world, "am", k_now + 59s).empty());
  CHECK(round(policy, world, "am", k_now + 60s) == "A");
}

TEST_CASE("a silence, an inhibition and mute times give their reasons") {
  auto settings = at_once({receiver("hook")});
  settings.inhibitions = {{{"alertname=Down"}, {"alertname=Lag"}, {}}};
  settings.mutes = {{"always"}};
  settings.routes = {{{"alertname=Muted"}, {"hook"}, false, settings.grouping, {"always"}},
                     {{}, {"hook"}, false, settings.grouping}};
  const Policy policy(settings);
  World world;
  for (const char* name : {"Down", "Lag", "Muted", "Silent"})
    add(world, make_alert(name));
  world.silences.push_back(
      {"17", {parse_matcher("alertname=Silent").value()}, k_now - 1h, k_now + 1h, "me", ""});
  std::string reasons;
  for (const PlannedGroup& group : plan(policy, world, "hook", k_now))
    reasons += group.decision.reason + "; ";
  CHECK(reasons.find("inhibited by Down") != std::string::npos);
  CHECK(reasons.find("muted by the times 'always'") != std::string::npos);
  CHECK(reasons.find("silence 17 of me") != std::string::npos);
  CHECK(round(policy, world, "hook", k_now) == "Down");
}

TEST_CASE("times that mute say until when") {
  auto settings = at_once({receiver("hook")});
  const auto day = std::chrono::floor<std::chrono::days>(k_now);
  const int minute = static_cast<int>(std::chrono::floor<std::chrono::minutes>(k_now - day).count());
  REQUIRE(minute > 0);
  REQUIRE(minute + 60 < 1440);
  settings.mutes = {{"now", {{0, minute + 60}}}, {"later", {{minute + 60, 1440}}}};
  settings.routes = {{{"alertname=Muted"}, {"hook"}, false, settings.grouping, {"now"}},
                     {{}, {"hook"}, false, settings.grouping, {}, {"later"}}};
  const Policy policy(settings);
  World world;
  for (const char* name : {"Muted", "Outside"})
    add(world, make_alert(name));
  std::string reasons;
  for (const PlannedGroup& group : plan(policy, world, "hook", k_now))
    reasons += group.decision.reason + "; ";
  const std::string until = " until " + clock_text(day + std::chrono::minutes(minute + 60), k_now);
  CHECK(reasons.find("muted by the times 'now'" + until) != std::string::npos);
  CHECK(reasons.find("outside of the times of its route" + until) != std::string::npos);
}

TEST_CASE("what is of the cluster is told from the primary, and its end by whoever told it") {
  const Policy policy(at_once({receiver("hook"), receiver("am", "alertmanager")}));
  World world;
  bool standby = true;
  world.is_standby = [&](const promql::Labels&) { return standby; };
  Alert of_cluster = make_alert("Cluster");
  of_cluster.of_cluster = true;
  add(world, of_cluster);
  add(world, make_alert("Node"));
  CHECK(round(policy, world, "hook", k_now) == "Node");
  CHECK(round(policy, world, "am", k_now) == "Node");
  std::string reasons;
  for (const PlannedGroup& group : plan(policy, world, "hook", k_now))
    reasons += group.decision.reason + "; ";
  CHECK(reasons.find("this server is a standby") != std::string::npos);
  standby = false;  // promoted
  CHECK(round(policy, world, "hook", k_now + 1s) == "Cluster");
  standby = true;  // demoted: it is not repeated, and its end is told
  CHECK(round(policy, world, "hook", k_now + 24h).find("Cluster") == std::string::npos);
  of_cluster.resolved_at = k_now + 25h;
  add(world, of_cluster);
  CHECK(round(policy, world, "hook", k_now + 25h) == "-Cluster");
}

TEST_CASE("a group that waits while its server is demoted is not told") {
  auto settings = at_once({receiver("hook")});
  settings.grouping.wait = 10s;
  const Policy policy(settings);
  World world;
  bool standby = false;
  world.is_standby = [&](const promql::Labels&) { return standby; };
  Alert alert = make_alert("Cluster");
  alert.of_cluster = true;
  add(world, alert);
  CHECK(round(policy, world, "hook", k_now).empty());
  standby = true;
  CHECK(round(policy, world, "hook", k_now + 10s).empty());
  alert.resolved_at = k_now + 20s;
  add(world, alert);
  CHECK(round(policy, world, "hook", k_now + 20s).empty());
}

TEST_CASE("whoever stands in is told what the absent one does not know, and its end") {
  auto settings = at_once({receiver("slack"), receiver("mail")});
  settings.receivers[0].fallback = "mail";
  settings.routes = {{{}, {"slack"}, false, settings.grouping}};
  const Policy policy(settings);
  World world;
  add(world, make_alert("Known"));
  CHECK(round(policy, world, "slack", k_now) == "Known");
  add(world, make_alert("New"));
  for (PlannedGroup& group : plan(policy, world, "slack", k_now))
    world.groups["slack"][group.key] = group.state;  // owed
  CHECK(round(policy, world, "mail", k_now).empty());
  world.health["slack"] = {5, k_now - 10min};
  const auto planned = plan(policy, world, "mail", k_now);
  REQUIRE(planned.size() == 1);
  CHECK(planned[0].note == "slack cannot be reached");
  CHECK(round(policy, world, "mail", k_now) == "New");
  world.health.clear();
  CHECK(round(policy, world, "slack", k_now) == "New");
  for (auto& [key, alert] : world.alerts)
    alert.resolved_at = k_now + 1min;
  CHECK(round(policy, world, "mail", k_now + 1min) == "-New");
  CHECK(round(policy, world, "slack", k_now + 1min) == "-Known -New");
  CHECK(forgettable(policy, world, k_now + 2min).size() == 2);
}

TEST_CASE("a message that is refused for good is told to whoever stands in, with the end of it") {
  auto settings = at_once({receiver("slack"), receiver("mail")});
  settings.receivers[0].fallback = "mail";
  settings.routes = {{{}, {"slack"}, false, settings.grouping}};
  const Policy policy(settings);
  World world;
  add(world, make_alert("Fine"));
  CHECK(round(policy, world, "slack", k_now) == "Fine");
  add(world, make_alert("Odd"));
  for (PlannedGroup& group : plan(policy, world, "slack", k_now)) {
    if (group.decision.kind == Decision::Kind::send) group.state.refused = group.decision.id;
    world.groups["slack"][group.key] = group.state;
  }
  CHECK(round(policy, world, "slack", k_now).empty());
  const auto planned = plan(policy, world, "mail", k_now);
  REQUIRE(planned.size() == 1);
  CHECK(planned[0].note == "slack refuses this message");
  CHECK(round(policy, world, "mail", k_now) == "Odd");
  CHECK(round(policy, world, "mail", k_now).empty());
  for (auto& [key, alert] : world.alerts)
    alert.resolved_at = k_now + 1min;
  CHECK(round(policy, world, "mail", k_now + 1min) == "-Odd");
}

TEST_CASE("an end that is refused for good is told to whoever stands in, though its beginning was taken") {
  auto settings = at_once({receiver("slack"), receiver("mail")});
  settings.receivers[0].fallback = "mail";
  settings.routes = {{{}, {"slack"}, false, settings.grouping}};
  const Policy policy(settings);
  World world;
  add(world, make_alert("Ended"));
  add(world, make_alert("Fires"));
  CHECK(round(policy, world, "slack", k_now) == "Ended Fires");
  Alert ended = make_alert("Ended");
  ended.resolved_at = k_now + 1min;
  add(world, ended);
  CHECK(round(policy, world, "mail", k_now + 1min).empty());  // nobody has refused it yet
  for (PlannedGroup& group : plan(policy, world, "slack", k_now + 1min)) {
    if (group.decision.kind == Decision::Kind::send) group.state.refused = group.decision.id;
    world.groups["slack"][group.key] = group.state;
  }
  CHECK(round(policy, world, "slack", k_now + 1min).empty());
  const auto planned = plan(policy, world, "mail", k_now + 1min);
  REQUIRE(planned.size() == 1);
  CHECK(planned[0].note == "slack refuses this message");
  CHECK(round(policy, world, "mail", k_now + 1min) == "-Ended");  // and not what goes on
  CHECK(round(policy, world, "mail", k_now + 2min).empty());
}

TEST_CASE("an alert that another configuration routes elsewhere is told there, and its end here as well") {
  auto settings = at_once({receiver("a"), receiver("b")});
  settings.routes = {{{}, {"a"}, false, settings.grouping}};
  World world;
  add(world, make_alert("A"));
  CHECK(round(Policy(settings), world, "a", k_now) == "A");
  settings.routes[0].receivers = {"b"};
  const Policy policy(settings);
  CHECK(round(policy, world, "a", k_now).empty());
  CHECK(round(policy, world, "b", k_now) == "A");
  world.alerts.begin()->second.resolved_at = k_now + 1min;
  CHECK(round(policy, world, "a", k_now + 1min) == "-A");
  CHECK(forgettable(policy, world, k_now + 2min).empty());
  CHECK(round(policy, world, "b", k_now + 1min) == "-A");
  CHECK(forgettable(policy, world, k_now + 2min).size() == 1);
}

TEST_CASE("ten thousand alerts at once are one message a group") {
  const Policy policy(at_once({receiver("hook")}));
  World world;
  for (int i = 0; i < 10'000; ++i)
    add(world, make_alert("Storm" + std::to_string(i % 7), {{"instance", std::to_string(i)}}));
  CHECK(plan(policy, world, "hook", k_now).size() == 7);
}

TEST_CASE("a storm of groups is one message, until it is over") {
  auto settings = at_once({receiver("pager", "pagerduty")});
  settings.receivers[0].max_alerts = 1;
  const Policy policy(settings);
  World world;
  add(world, make_alert("Before"));
  CHECK(round(policy, world, "pager", k_now) == "Before");
  for (const char* id : {"1", "2"})
    add(world, make_alert("Few", {{"id", id}}));
  CHECK(plan(policy, world, "pager", k_now).size() == 3);  // not more than twice what a message shows
  for (const char* id : {"3", "4"})
    add(world, make_alert("Few", {{"id", id}}));
  world.silences = {Silence{
      .id = "s", .matchers = {*parse_matcher("id=9")}, .starts_at = k_now - 1h, .ends_at = k_now + 1h}};
  add(world, make_alert("Few", {{"id", "9"}}));
  CHECK(round(policy, world, "pager", k_now) == "Few Few Few Few");
  CHECK(world.groups["pager"].at("storm").told.size() == 4);
  CHECK(round(policy, world, "pager", k_now + 1s).empty());
  add(world, make_alert("Later"));
  CHECK(round(policy, world, "pager", k_now + 1s) == "Later");  // on its own
  CHECK_FALSE(world.groups["pager"].at("storm").told.contains(fingerprint(*make_alert("Later").labels)));
  for (auto& [key, alert] : world.alerts)
    alert.resolved_at = k_now + 1min;
  const std::string ended = round(policy, world, "pager", k_now + 1min);
  CHECK(ended.find("-Few -Few -Few -Few") != std::string::npos);
  CHECK(ended.find("-Before") != std::string::npos);
  CHECK(ended.size() == std::string("-Few -Few -Few -Few -Before -Later").size());
  CHECK(forgettable(policy, world, k_now + 2min).size() == world.alerts.size());
  CHECK(round(policy, world, "pager", k_now + 2min).empty());
}

TEST_CASE("an end that was told is not told again because of a storm") {
  auto settings = at_once({receiver("hook")});
  settings.grouping.by = {"..."};
  settings.receivers[0].max_alerts = 1;
  const Policy policy(settings);
  World world;
  for (const char* id : {"1", "2"})
    add(world, make_alert("Over", {{"id", id}}));
  CHECK(round(policy, world, "hook", k_now) == "Over Over");
  for (auto& [key, alert] : world.alerts)
    alert.resolved_at = k_now;
  CHECK(round(policy, world, "hook", k_now) == "-Over -Over");
  for (const char* id : {"3", "4", "5"})
    add(world, make_alert("New", {{"id", id}}));
  CHECK(round(policy, world, "hook", k_now) == "New New New");
}

TEST_CASE("what is told of a storm is an alert for each rule and severity") {
  Notification storm{"slack", "storm", "id"};
  for (int i = 0; i < 300; ++i) {
    Alert alert = make_alert(i % 3 == 0 ? "Locks" : "Lag",
                             {{"id", std::to_string(i)}, {"severity", i % 3 == 0 ? "critical" : "info"}});
    alert.annotations = {{"summary", "number " + std::to_string(i)}};
    if (i % 3 == 1) alert.resolved_at = k_now;
    storm.alerts.push_back(std::move(alert));
  }
  sort_alerts(storm.alerts);
  const Notification told = folded(storm);
  CHECK(told.note == "300 alerts of 2 rules at once");
  REQUIRE(told.alerts.size() == 2);
  CHECK(told.alerts[0].name() == "Locks");
  CHECK(told.alerts[0].severity() == "critical");
  CHECK(told.alerts[0].value == 100);
  CHECK(told.alerts[0].annotation("summary").starts_with("Locks: 100 fire, for example: number "));
  CHECK(told.alerts[1].fires());
  CHECK(told.alerts[1].value == 100);
  CHECK(told.fires());
  for (Alert& alert : storm.alerts)
    alert.resolved_at = k_now;
  const Notification ended = folded(storm);
  CHECK_FALSE(ended.fires());
  CHECK(ended.alerts[0].annotation("summary").starts_with("Locks: 100 are over"));
  CHECK(fingerprint(*ended.alerts[0].labels) == fingerprint(*told.alerts[0].labels));
}

TEST_CASE("the outbox gives back what was put into it") {
  const auto store = Store::open("", store_rooms());
  Alert alert = make_alert("A", {{"datname", "shop"}});
  alert.annotations = {{"summary", "Größe"}};
  alert.value = 2.5;
  alert.flapping = true;
  Evidence evidence{"look/1"};
  evidence.seen = {
      .name = "n",
      .title = "t",
      .columns = {{"a", pgvigil::evidence::ColumnKind::text}, {"b", pgvigil::evidence::ColumnKind::count}},
      .rows = {{"1", "2"}, {std::nullopt, "0.5"}},
      .left_out = 3,
      .taken_at = k_now};
  evidence.server = "db1";
  alert.dossier = {{"changes"}, k_now, 1, {std::make_shared<const Evidence>(evidence)}};
  alert.of_cluster = true;
  GroupState state;
  state.told["x"] = {Stage::told_firing, k_now, k_now - 1s, true, true};
  state.opened_at = k_now;
  state.last_sent = k_now + 1s;
  state.sequence = 3;
  state.memory = "m";
  {
    auto transaction = store->begin();
    save_outbox_alert(*transaction, alert);
    save_dossier(*transaction, alert);
    save_evidence(*transaction, evidence);
    save_outbox_group(*transaction, "hook", "g", state);
    save_silence(*transaction, {"1", {parse_matcher("a=~\"x|y\"").value()}, k_now, k_now + 1h, "me", "why"});
    REQUIRE(transaction->commit());
  }
  auto outbox = load_outbox(*store);
  REQUIRE(outbox);
  REQUIRE(outbox->alerts.size() == 1);
  CHECK(*outbox->alerts[0].labels == *alert.labels);
  CHECK(outbox->alerts[0].annotations == alert.annotations);
  CHECK(outbox->alerts[0].value == 2.5);
  CHECK(outbox->alerts[0].fired_at == alert.fired_at);
  CHECK(outbox->alerts[0].flapping);
  CHECK(outbox->alerts[0].of_cluster);
  CHECK(outbox->alerts[0].dossier.wanted == alert.dossier.wanted);
  CHECK(outbox->alerts[0].dossier.looks == 1);
  REQUIRE(outbox->alerts[0].dossier.evidence.size() == 1);
  CHECK(*outbox->alerts[0].dossier.evidence[0] == evidence);
  CHECK(outbox->groups["hook"]["g"] == state);
  REQUIRE(outbox->silences.size() == 1);
  CHECK(outbox->silences[0].matchers[0].matches("y"));
  CHECK(outbox->silences[0].ends_at == k_now + 1h);
  {
    auto transaction = store->begin();
    forget_outbox_alert(*transaction, fingerprint(*alert.labels), alert.fired_at);  // it still fires
    save_outbox_group(*transaction, "hook", "g", {});
    forget_silence(*transaction, "1");
    REQUIRE(transaction->commit());
  }
  outbox = load_outbox(*store);
  CHECK(outbox->alerts.size() == 1);
  CHECK(outbox->groups.empty());
  CHECK(outbox->silences.empty());
}
