// How evidence comes to alerts, and to whoever was told of them without it.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/notify/gatherer.h"
#include "agent/notify/outbox.h"
#include "agent/notify/planning/errands.h"
#include "agent/notify/planning/group.h"
#include "agent/notify/receivers/receiver.h"
#include "agent/runtime/store_rooms.h"
#include "collectors/postgres/sql_text.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::agent::notify;
using namespace std::chrono_literals;

namespace {

const Timestamp k_now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());

Alert make_alert(const std::string& name, std::vector<std::string> wanted, const std::string& datname = "") {
  Alert alert;
  alert.labels = promql::Labels::make({{"alertname", name}, {"datname", datname}, {"instance", "db1"}});
  alert.fired_at = k_now;
  alert.dossier.wanted = std::move(wanted);
  alert.dossier.since = k_now;
  return alert;
}

std::map<std::string, Alert> world_of(std::vector<Alert> alerts) {
  std::map<std::string, Alert> world;
  for (Alert& alert : alerts)
    world.emplace(fingerprint(*alert.labels), std::move(alert));
  return world;
}

std::vector<std::string> one_server(const promql::Labels&, const std::string&) {
  return {"db1"};
}

std::shared_ptr<const Evidence> seen_evidence() {
  Evidence evidence{"db1/locks//1"};
  evidence.seen = {.name = "locks",
                   .title = "Locks",
                   .columns = {{"mode"}},
                   .rows = {{"ExclusiveLock"}},
                   .taken_at = k_now};
  return std::make_shared<const Evidence>(std::move(evidence));
}

/// What a receiver gets about one alert, as `cause` says.
std::vector<transport::Request> requests_of(const std::string& type, Cause cause, const std::string& memory) {
  ReceiverSettings settings;
  settings.name = "dba";
  settings.type = type;
  settings.channel = "C1";
  settings.server = type == "mail" ? "smtp.example.org:25" : "";
  settings.from = "pgvigil@example.org";
  settings.to = {"dba@example.org"};
  settings.urls = {"http://am1:9093"};
  Notification notification{"dba", "g", "1", cause, k_now};
  notification.memory = memory;
  notification.is_known = true;
  Alert alert = make_alert("A", {});
  alert.dossier.evidence = {seen_evidence()};
  notification.alerts = {alert};
  const bool bot = type == "slack" || type == "telegram" || type == "pagerduty" || type == "opsgenie";
  const Credentials credentials{.url = bot ? Secret() : Secret("https://hooks.example.org/x"),
                                .token = bot ? Secret("token") : Secret()};
  return find_receiver_type(type)->make(settings)->render(notification, credentials, Detail::full);
}

std::string text_of(const transport::Request& request) {
  if (const auto* http = std::get_if<transport::HttpRequest>(&request))
    return http->url.reveal() + " " + http->body;
  return std::get<transport::Mail>(request).text;
}

}  // namespace

TEST_CASE(
    "evidence: a look is made once for all alerts of a server, and in each database where it is of one") {
  const auto world =
      world_of({make_alert("A", {"locks", "vacuum"}, "shop"), make_alert("B", {"locks"}, "shop"),
                make_alert("C", {"locks", "vacuum"}, "books"), make_alert("D", {})});
  const Errands errands = errands_of(world, one_server, {"vacuum"}, k_now);
  REQUIRE(errands.looks.size() == 3);
  CHECK(errands.abandoned.empty());
  std::map<std::string, std::size_t> alerts;
  for (const Errand& errand : errands.looks)
    alerts[errand.question.evidence + "/" + errand.question.database] = errand.alerts.size();
  CHECK(alerts == std::map<std::string, std::size_t>{{"locks/", 3}, {"vacuum/books", 1}, {"vacuum/shop", 1}});
}

TEST_CASE("evidence: what has ended, waits too long, was begun twice or is of no server is abandoned") {
  std::vector<Alert> alerts;
  for (const char* name : {"ended", "late", "twice", "fine"})
    alerts.push_back(make_alert(name, {"locks"}));
  alerts[0].resolved_at = k_now;
  alerts[1].dossier.since = k_now - 11min;
  alerts[2].dossier.looks = 2;
  const auto world = world_of(alerts);
  CHECK(errands_of(world, one_server, {}, k_now).abandoned.size() == 3);
  CHECK(errands_of(world, one_server, {}, k_now).looks.size() == 1);
  const auto nobody = [](const promql::Labels&, const std::string&) { return std::vector<std::string>(); };
  CHECK(errands_of(world, nobody, {}, k_now).abandoned.size() == 4);
}

TEST_CASE(
    "evidence: each piece is looked for where it is of, and one that is of nothing keeps nobody waiting") {
  const auto world = world_of({make_alert("A", {"pools", "locks", "backups"}), make_alert("B", {"backups"})});
  const auto places = [](const promql::Labels&, const std::string& evidence) -> std::vector<std::string> {
    if (evidence == "pools") return {"front", "back"};
    return evidence == "locks" ? std::vector<std::string>{"db1"} : std::vector<std::string>();
  };
  const Errands errands = errands_of(world, places, {}, k_now);
  std::vector<std::string> looks;
  for (const Errand& errand : errands.looks)
    looks.push_back(errand.server + "/" + errand.question.evidence);
  CHECK(looks == std::vector<std::string>{"back/pools", "db1/locks", "front/pools"});
  REQUIRE(errands.abandoned.size() == 1);
  CHECK(errands.abandoned[0].why == "nothing is watched that it may be about");
}

TEST_CASE("evidence: a message waits a moment for it, goes out without, and is completed once") {
  const Grouping grouping{{}, 0ms, 60s, 4h, 250ms};
  Alert alert = make_alert("A", {"locks"});
  GroupState state;
  const auto look = [&](Timestamp now) {
    const std::vector<Desired> desired = {{fingerprint(*alert.labels), &alert, ""}};
    note(state, desired, true, now);
    return decide("g", grouping, state, desired, now);
  };
  Decision decision = look(k_now);
  CHECK(decision.kind == Decision::Kind::wait);
  CHECK(decision.at == k_now + 250ms);
  decision = look(k_now + 250ms);
  REQUIRE(decision.kind == Decision::Kind::send);
  const std::vector<Alert> told = {alert};
  delivered(state, told, "", k_now + 250ms);
  CHECK(look(k_now + 1s).kind == Decision::Kind::wait);
  alert.dossier.wanted.clear();
  SECTION("it came") {
    alert.dossier.evidence = {seen_evidence()};
    decision = look(k_now + 2s);
    REQUIRE(decision.kind == Decision::Kind::send);
    CHECK(decision.cause == Cause::completed);
    const std::vector<Alert> completed = {alert};
    delivered(state, completed, "", k_now + 2s);
    CHECK(look(k_now + 3s).kind == Decision::Kind::wait);
  }
  SECTION("there was nothing to see: nobody is told again") {
    CHECK(look(k_now + 2s).kind == Decision::Kind::wait);
  }
}

TEST_CASE("evidence: every receiver takes what completes a message in its own way") {
  const auto texts = [](const std::string& type, const std::string& memory = "") {
    std::vector<std::string> all;
    for (const transport::Request& request : requests_of(type, Cause::completed, memory))
      all.push_back(text_of(request));
    return all;
  };
  const auto slack = texts("slack", R"({"channel":"C1","ts":"1.2"})");
  REQUIRE(slack.size() == 1);  // the first message is edited: nobody's phone rings again
  CHECK(slack[0].find("/chat.update") != std::string::npos);
  const auto opsgenie = texts("opsgenie");
  REQUIRE(opsgenie.size() == 1);
  CHECK(opsgenie[0].find("/notes?identifierType=alias") != std::string::npos);
  const auto pagerduty = texts("pagerduty");
  REQUIRE(pagerduty.size() == 1);
  CHECK(pagerduty[0].find("\"trigger\"") != std::string::npos);
  for (const std::string type :
       {"slack", "webhook", "alertmanager", "pagerduty", "opsgenie", "teams", "discord", "telegram"}) {
    INFO(type);
    const auto all = texts(type);
    REQUIRE(all.size() == 1);
    CHECK(all[0].find("ExclusiveLock") != std::string::npos);
  }
}

TEST_CASE("evidence: a webhook holds each look once, with the alerts that it is about, beside version 4") {
  ReceiverSettings settings;
  settings.type = "webhook";
  Notification notification{"hook", "g", "1", Cause::firing, k_now};
  for (const char* name : {"A", "B"}) {
    notification.alerts.push_back(make_alert(name, {}));
    notification.alerts.back().dossier.evidence = {seen_evidence()};
  }
  const auto requests = find_receiver_type("webhook")->make(settings)->render(
      notification, {.url = Secret("http://x")}, Detail::full);
  const auto body = nlohmann::json::parse(std::get<transport::HttpRequest>(requests[0]).body);
  CHECK(body["version"] == "4");
  REQUIRE(body["evidence"].size() == 1);
  CHECK(body["evidence"][0]["rows"][0][0] == "ExclusiveLock");
  CHECK(body["evidence"][0]["alerts"].size() == 2);
}

TEST_CASE("evidence: what was looked for is on the disk, shared by its alerts, and not looked for again") {
  const auto store = Store::open("", store_rooms());
  Shared shared;
  shared.world.alerts = world_of({make_alert("A", {"locks", "changes"}), make_alert("B", {"locks"})});
  {
    auto transaction = store->begin();
    for (const auto& [key, alert] : shared.world.alerts) {
      save_outbox_alert(*transaction, alert);
      save_dossier(*transaction, alert);
    }
    REQUIRE(transaction->commit());
  }
  std::atomic<int> looks = 0;
  const Outlook outlook{
      .servers_of = one_server,
      .look = [&](const std::string&, const std::vector<Question>& questions, const std::stop_token&) {
        std::vector<evidence::Look> found;
        for (const Question& question : questions) {
          ++looks;
          if (question.evidence == "changes")
            found.emplace_back(Error{ErrorKind::query, "invalid input: 'PLANTED'"});
          else
            found.emplace_back(seen_evidence()->seen);
        }
        return found;
      }};
  std::jthread thread([&](const std::stop_token& stop) { Gatherer(*store, shared, outlook).run(stop); });
  const auto end = std::chrono::steady_clock::now() + 20s;
  const auto is_done = [&] {
    const std::lock_guard lock(shared.mutex);
    return std::ranges::all_of(shared.world.alerts,
                               [](const auto& each) { return each.second.dossier.is_complete(); });
  };
  while (!is_done() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  thread.request_stop();
  thread.join();
  CHECK(looks == 2);
  CHECK(shared.looks == std::map<std::string, std::uint64_t>{{"failed", 1}, {"seen", 1}});
  auto outbox = load_outbox(*store);
  REQUIRE(outbox);
  REQUIRE(outbox->alerts.size() == 2);
  for (const Alert& alert : outbox->alerts) {
    CHECK(alert.dossier.is_complete());
    REQUIRE(alert.dossier.evidence.size() == (alert.name() == "A" ? 2U : 1U));
    CHECK(alert.dossier.evidence[0]->seen.name == "locks");
  }
  CHECK(outbox->alerts[0].dossier.evidence[0] == outbox->alerts[1].dossier.evidence[0]);
  const Alert& a = outbox->alerts[outbox->alerts[0].name() == "A" ? 0 : 1];
  CHECK(a.dossier.evidence[1]->trouble.find("PLANTED") == std::string::npos);
  CHECK_FALSE(a.dossier.evidence[1]->trouble.empty());
}

TEST_CASE("evidence: the name that an application gave itself shows no value") {
  const auto shown = [](std::string_view name) { return postgres::discreet_name(name); };
  CHECK(shown("PostgreSQL JDBC Driver") == "PostgreSQL JDBC Driver");
  CHECK(shown("worker-12 DBeaver 23.1") == "worker-12 DBeaver 23.1");
  CHECK(shown("customer 4929123456781234") == "customer ?");
  CHECK(shown("job for 'Jane Doe' done") == "job for ? done");
  CHECK(shown("\"open") == "?");
  CHECK(shown("import jane.doe99@example.org now") == "import ? now");
  CHECK(shown("a@b c@d") == "? ?");
  CHECK(shown("").empty());
}
