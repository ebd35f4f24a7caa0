// What every receiver sends, against what its service documents.

#include "agent/notify/receivers/receiver.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "agent/notify/message/message_template.h"
#include "agent/notify/message/text.h"
#include "agent/notify/receivers/mail_message.h"
#include "agent/notify/receivers/signature.h"
#include "collectors/model/utf8.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace pgvigil::agent::notify;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const Timestamp k_now = std::chrono::sys_days(std::chrono::year(2026) / 8 / 6) + 12h + 5min;

using Rows = std::vector<std::vector<std::optional<std::string>>>;

std::shared_ptr<const Evidence> make_evidence(Rows rows, std::string id = "1") {
  Evidence evidence{std::move(id)};
  evidence.seen = {.name = "blocking_tree",
                   .title = "blocking tree",
                   .columns = {{"pid", pgvigil::evidence::ColumnKind::text},
                               {"query", pgvigil::evidence::ColumnKind::statement}},
                   .rows = std::move(rows),
                   .taken_at = k_now};
  return std::make_shared<const Evidence>(std::move(evidence));
}

Alert make_alert(const std::string& name, const std::string& instance = "db1:5432") {
  Alert alert;
  alert.labels = promql::Labels::make(
      {{"alertname", name}, {"severity", "critical"}, {"instance", instance}, {"datname", "shop"}});
  alert.annotations = {{"summary", name + " on " + instance},
                       {"description", "It is bad."},
                       {"runbook_url", "https://example.org/runbook"}};
  alert.value = 42.5;
  alert.fired_at = k_now - 5min;
  for (int i = 0; i < 120; ++i)
    alert.recent.push_back(i % 7 == 3 ? NAN : std::sin(i / 10.0));
  alert.dossier.evidence = {
      make_evidence({{"17", "select * from orders where id = $1"}, {"18", "update orders set x = $1"}})};
  return alert;
}

Notification make_notification(std::vector<Alert> alerts) {
  Notification notification{"dba", "{}:{alertname=\"A\"}", "00ff00ff00ff00ff"};
  notification.now = k_now;
  notification.alerts = std::move(alerts);
  notification.external_url = "https://pgvigil.example.org";
  sort_alerts(notification.alerts);
  return notification;
}

Notification firing() {
  return make_notification({make_alert("A")});
}

Notification resolved() {
  Alert alert = make_alert("A");
  alert.resolved_at = k_now - 1min;
  auto notification = make_notification({alert});
  notification.is_known = true;
  notification.cause = Cause::resolved;
  return notification;
}

/// As bad as it gets: many alerts, with labels, annotations and evidence that are far too long.
Notification storm() {
  std::vector<Alert> alerts;
  for (int i = 0; i < 500; ++i) {
    Alert alert = make_alert("Storm" + std::to_string(i), "db" + std::to_string(i) + std::string(3'000, 'x'));
    alert.annotations = {{"summary", std::string(4'000, 'S') + "ü"},
                         {"description", std::string(60'000, 'D')}};
    alert.dossier.evidence = {make_evidence(Rows(30, {"1", std::string(9'000, 'q')}), std::to_string(i))};
    alerts.push_back(alert);
  }
  return make_notification(std::move(alerts));
}

ReceiverSettings settings_of(const std::string& type) {
  ReceiverSettings settings;
  settings.name = "dba";
  settings.type = type;
  settings.urls = {"http://am1:9093", "http://am2:9093/"};
  settings.channel = "C0123";
  settings.from = "pgvigil <pgvigil@example.org>";
  settings.to = {"dba@example.org", "On Call <oncall@example.org>"};
  settings.server = type == "mail" ? "smtp.example.org:587" : "";
  return settings;
}

const Credentials k_webhook_only{.url = Secret("https://hooks.example.org/T0/SECRETPATH")};
const Credentials k_token_only{.token = Secret("xoxb-SECRETTOKEN")};

std::vector<transport::Request> render(const std::string& type,
                                       const Notification& notification,
                                       const Credentials& credentials,
                                       Detail detail = Detail::full,
                                       ReceiverSettings settings = {}) {
  if (settings.type.empty()) settings = settings_of(type);
  return find_receiver_type(type)->make(settings)->render(notification, credentials, detail);
}

json body_of(const transport::Request& request) {
  return json::parse(std::get<transport::HttpRequest>(request).body);
}
std::string url_of(const transport::Request& request) {
  return std::get<transport::HttpRequest>(request).url.reveal();
}
std::string header_of(const transport::Request& request, const std::string& name) {
  for (const auto& [key, value] : std::get<transport::HttpRequest>(request).headers)
    if (key == name) return value.reveal();
  return "";
}

Verdict verdict(const std::string& type, int status, const std::string& body = "") {
  return find_receiver_type(type)->make(settings_of(type))->judge({.status = status, .body = body}).verdict;
}

/// Every text anywhere in a JSON value.
void for_each_text(const json& value, const std::function<void(const std::string&)>& visit) {
  if (value.is_string()) visit(value.get<std::string>());
  if (value.is_structured())
    for (const json& each : value)
      for_each_text(each, visit);
}

void check_slack_limits(const json& message) {
  REQUIRE(message.contains("text"));
  CHECK(characters(message["text"].get<std::string>()) <= 4'000);
  std::size_t all = 0;
  if (!message.contains("attachments")) return;
  REQUIRE(message["attachments"].size() == 1);
  const json& blocks = message["attachments"][0]["blocks"];
  CHECK(blocks.size() <= 50);
  for (const json& block : blocks) {
    const std::string type = block["type"];
    if (type == "header") CHECK(characters(block["text"]["text"].get<std::string>()) <= 150);
    if (type == "section" && block.contains("text"))
      CHECK(characters(block["text"]["text"].get<std::string>()) <= 3'000);
    if (type == "section" && block.contains("fields")) {
      CHECK(block["fields"].size() <= 10);
      for (const json& field : block["fields"])
        CHECK(characters(field["text"].get<std::string>()) <= 2'000);
    }
    if (type == "actions") CHECK(block["elements"].size() <= 25);
    for_each_text(block, [&](const std::string& text) { all += characters(text); });
  }
  CHECK(all <= 13'200);
}

}  // namespace

TEST_CASE("every type of receivers has what the documentation and the configuration need") {
  for (const ReceiverType* type : receiver_types()) {
    INFO(type->word);
    CHECK(type->meaning.ends_with("."));
    CHECK_FALSE(type->options().empty());
    CHECK(find_receiver_type(type->word) == type);
  }
}

TEST_CASE("Slack gets blocks within its limits, whatever is told") {
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain})
    for (const auto& notification : {firing(), resolved(), storm()})
      check_slack_limits(body_of(render("slack", notification, k_webhook_only, detail).at(0)));
  const json message = body_of(render("slack", firing(), k_webhook_only).at(0));
  CHECK(message["attachments"][0]["color"] == "#d00000");
  const std::string all = message.dump(-1, ' ', false);
  CHECK(all.find("blocking tree") != std::string::npos);
  CHECK(all.find("▁") != std::string::npos);
  CHECK(all.find("https://example.org/runbook") != std::string::npos);
  CHECK(body_of(render("slack", resolved(), k_webhook_only).at(0))["attachments"][0]["color"] == "#2eb67d");
  CHECK(body_of(render("slack", storm(), k_webhook_only).at(0)).dump().find("more") != std::string::npos);
}

TEST_CASE("labels cannot ring everybody's bell in Slack, nor break out of a code block") {
  Alert alert = make_alert("<!channel> ``` & <@U1>");
  alert.dossier.evidence = {make_evidence({{"17", "``` <!here>"}})};
  const std::string all = body_of(render("slack", make_notification({alert}), k_webhook_only).at(0)).dump();
  CHECK(all.find("<!channel>\"") == std::string::npos);
  CHECK(all.find("<!here>") == std::string::npos);
  CHECK(all.find("&lt;!here&gt;") != std::string::npos);
}

TEST_CASE("the bot posts, keeps the place, edits it and answers in its thread") {
  const auto settings = settings_of("slack");
  const auto slack = find_receiver_type("slack")->make(settings);
  auto notification = firing();
  const auto first = slack->render(notification, k_token_only, Detail::full);
  REQUIRE(first.size() == 1);
  CHECK(url_of(first[0]) == "https://slack.com/api/chat.postMessage");
  CHECK(body_of(first[0])["channel"] == "C0123");
  const std::vector<transport::Answer> answers = {
      {.status = 200, .body = R"({"ok":true,"channel":"C0123","ts":"17.01"})"}};
  CHECK(slack->judge(answers[0]).verdict == Verdict::delivered);

  auto end = resolved();
  end.memory = slack->remember(notification, answers);
  const auto second = slack->render(end, k_token_only, Detail::full);
  REQUIRE(second.size() == 2);
  CHECK(url_of(second[0]) == "https://slack.com/api/chat.update");
  CHECK(body_of(second[0])["ts"] == "17.01");
  CHECK(url_of(second[1]) == "https://slack.com/api/chat.postMessage");
  CHECK(body_of(second[1])["thread_ts"] == "17.01");
}

TEST_CASE("what Slack answers is understood") {
  const auto says = [](std::string_view error) {
    return verdict("slack", 200, R"({"ok":false,"error":")" + std::string(error) + "\"}");
  };
  CHECK(says("ratelimited") == Verdict::slow_down);
  CHECK(says("msg_too_long") == Verdict::too_long);
  CHECK(says("invalid_blocks") == Verdict::too_long);
  CHECK(says("internal_error") == Verdict::retry);
  CHECK(says("invalid_auth") == Verdict::misconfigured);
  CHECK(says("is_archived") == Verdict::misconfigured);
  CHECK(says("message_not_found") == Verdict::delivered);
  CHECK(verdict("slack", 200, "ok") == Verdict::delivered);
  CHECK(verdict("slack", 429) == Verdict::slow_down);
  CHECK(verdict("slack", 400, "invalid_payload") == Verdict::too_long);
  CHECK(verdict("slack", 404, "no_service") == Verdict::misconfigured);
  CHECK(verdict("slack", 500, "rollup_error") == Verdict::retry);
}

TEST_CASE("answers of HTTP are classified") {
  CHECK(verdict("webhook", 204) == Verdict::delivered);
  CHECK(verdict("webhook", 302) == Verdict::misconfigured);
  CHECK(verdict("webhook", 401) == Verdict::misconfigured);
  CHECK(verdict("webhook", 408) == Verdict::retry);
  CHECK(verdict("webhook", 410) == Verdict::misconfigured);
  CHECK(verdict("webhook", 413) == Verdict::too_long);
  CHECK(verdict("webhook", 418) == Verdict::refused);
  CHECK(verdict("webhook", 503) == Verdict::retry);
  CHECK(judge_http({.error = Error{ErrorKind::timed_out, "x"}}).verdict == Verdict::retry);
}

TEST_CASE("a webhook gets Alertmanager's JSON, version 4, signed by Standard Webhooks") {
  Credentials credentials = k_webhook_only;
  credentials.signing = Secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  const auto requests = render("webhook", storm(), credentials);
  const json body = body_of(requests.at(0));
  for (const char* key : {"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels",
                          "commonLabels", "commonAnnotations", "externalURL", "alerts"})
    CHECK(body.contains(key));
  CHECK(body["version"] == "4");
  CHECK(body["truncatedAlerts"] == 490);
  CHECK(body["alerts"].size() == 10);
  for (const char* key :
       {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"})
    CHECK(body["alerts"][0].contains(key));
  CHECK(body["alerts"][0]["startsAt"] == "2026-08-06T12:00:00Z");
  CHECK(header_of(requests[0], "webhook-id") == "msg_00ff00ff00ff00ff");
  CHECK(header_of(requests[0], "webhook-signature") ==
        webhook_signature(credentials.signing, "msg_00ff00ff00ff00ff",
                          header_of(requests[0], "webhook-timestamp"),
                          std::get<transport::HttpRequest>(requests[0]).body));
}

TEST_CASE("signatures are those that the authors of Standard Webhooks publish") {
  // The example of the specification's reference tests.
  CHECK(webhook_signature(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek",
                          "1614265330",
                          R"({"test": 2432232314})") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(
      webhook_signature(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw other"), "a", "1", "b").find(" v1,") !=
      std::string::npos);
}

TEST_CASE("a webhook's body can be a template over Alertmanager's data") {
  auto settings = settings_of("webhook");
  settings.body =
      R"({"n":{{ len .Alerts.Firing }},"s":"{{ .Status }}","a":"{{ range .Alerts }}{{ .Labels.alertname }}@{{ .StartsAt }} {{ end }}","c":"{{ .CommonLabels.datname }}","r":"{{ .Receiver }}"})";
  const json body = body_of(render("webhook", make_notification({make_alert("A"), make_alert("B")}),
                                   k_webhook_only, Detail::full, settings)
                                .at(0));
  CHECK(body["n"] == 2);
  CHECK(body["s"] == "firing");
  CHECK(body["a"] == "A@2026-08-06T12:00:00Z B@2026-08-06T12:00:00Z ");
  CHECK(body["c"] == "shop");
  CHECK(body["r"] == "dba");
}

TEST_CASE("every Alertmanager of a cluster is told, of firing alerts with an end to come") {
  const auto requests = render("alertmanager", firing(), {});
  REQUIRE(requests.size() == 2);
  CHECK(url_of(requests[0]) == "http://am1:9093/api/v2/alerts");
  CHECK(url_of(requests[1]) == "http://am2:9093/api/v2/alerts");
  const json body = body_of(requests[0]);
  CHECK(body[0]["labels"]["alertname"] == "A");
  CHECK(body[0]["endsAt"] == "2026-08-06T12:09:00Z");
  CHECK(body_of(render("alertmanager", resolved(), {}).at(0))[0]["endsAt"] == "2026-08-06T12:04:00Z");
}

TEST_CASE("PagerDuty gets events within its limits: one a state, both when it knew nothing") {
  const Credentials credentials{.token = Secret("0123456789abcdef0123456789abcdef")};
  const auto trigger = render("pagerduty", make_notification({storm().alerts[0]}), credentials);
  REQUIRE(trigger.size() == 1);
  const json body = body_of(trigger[0]);
  CHECK(body["event_action"] == "trigger");
  CHECK(body["routing_key"].get<std::string>().size() == 32);
  CHECK(body["dedup_key"].get<std::string>().size() <= 255);
  CHECK(characters(body["payload"]["summary"].get<std::string>()) <= 1'024);
  CHECK(body["payload"]["severity"] == "critical");
  CHECK(std::get<transport::HttpRequest>(trigger[0]).body.size() < 512 * 1'024);
  const auto end = render("pagerduty", resolved(), credentials);
  REQUIRE(end.size() == 1);
  CHECK(body_of(end[0])["event_action"] == "resolve");
  auto missed = resolved();
  missed.is_known = false;
  const auto both = render("pagerduty", missed, credentials);
  REQUIRE(both.size() == 2);
  CHECK(body_of(both[0])["event_action"] == "trigger");
  CHECK(body_of(both[0])["dedup_key"] == body_of(both[1])["dedup_key"]);
}

TEST_CASE("Opsgenie gets an alert within its limits, and its end by alias") {
  const Credentials credentials{.token = Secret("key-of-opsgenie")};
  const auto creation = render("opsgenie", make_notification({storm().alerts[0]}), credentials);
  const json body = body_of(creation.at(0));
  CHECK(characters(body["message"].get<std::string>()) <= 130);
  CHECK(characters(body["description"].get<std::string>()) <= 15'000);
  CHECK(body["alias"].get<std::string>().size() <= 512);
  CHECK(body["priority"] == "P1");
  CHECK(header_of(creation[0], "Authorization") == "GenieKey key-of-opsgenie");
  CHECK(url_of(render("opsgenie", resolved(), credentials).at(0)).ends_with("/close?identifierType=alias"));
}

TEST_CASE("Teams gets an adaptive card of at most 28 KB") {
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain})
    for (const auto& notification : {firing(), resolved(), storm()}) {
      const auto requests = render("teams", notification, k_webhook_only, detail);
      CHECK(std::get<transport::HttpRequest>(requests.at(0)).body.size() <= 28'000);
      const json body = body_of(requests[0]);
      CHECK(body["type"] == "message");
      CHECK(body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive");
      CHECK(body["attachments"][0]["content"]["type"] == "AdaptiveCard");
    }
}

TEST_CASE("Discord gets content and embeds within its limits, and rings nobody's bell") {
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain})
    for (const auto& notification : {firing(), resolved(), storm()}) {
      const json body = body_of(render("discord", notification, k_webhook_only, detail).at(0));
      CHECK(characters(body["content"].get<std::string>()) <= 2'000);
      CHECK(body["allowed_mentions"]["parse"].empty());
      if (!body.contains("embeds")) continue;
      CHECK(body["embeds"].size() <= 10);
      std::size_t all = 0;
      for (const json& embed : body["embeds"]) {
        CHECK(characters(embed["title"].get<std::string>()) <= 256);
        CHECK(characters(embed["description"].get<std::string>()) <= 4'096);
        all += characters(embed["title"].get<std::string>()) +
               characters(embed["description"].get<std::string>());
      }
      CHECK(all <= 6'000);
    }
  const auto discord = find_receiver_type("discord")->make(settings_of("discord"));
  CHECK(discord->judge({.status = 429, .body = R"({"retry_after":1.5})"}).retry_after == 1500ms);
}

TEST_CASE("Telegram gets at most 4096 characters, and no tag is cut") {
  for (const Detail detail : {Detail::full, Detail::reduced, Detail::plain})
    for (const auto& notification : {firing(), resolved(), storm()}) {
      const json body = body_of(render("telegram", notification, k_token_only, detail).at(0));
      const std::string text = body["text"];
      CHECK(characters(text) <= 4'096);
      const auto count = [&](std::string_view what) {
        std::size_t found = 0;
        for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
          ++found;
        return found;
      };
      CHECK(count("<b>") == count("</b>"));
      CHECK(count("<pre>") == count("</pre>"));
      CHECK(count("<i>") == count("</i>"));
    }
  const auto telegram = find_receiver_type("telegram")->make(settings_of("telegram"));
  CHECK(telegram->judge({.status = 429, .body = R"({"ok":false,"parameters":{"retry_after":7}})"})
            .retry_after == 7s);
  CHECK(verdict("telegram", 400, R"({"ok":false,"description":"Bad Request: chat not found"})") ==
        Verdict::misconfigured);
  CHECK(verdict("telegram", 400, R"({"ok":false,"description":"Bad Request: message is too long"})") ==
        Verdict::too_long);
}

TEST_CASE("an answer whose fields are of other types than documented is judged as well") {
  for (const char* type : {"slack", "telegram", "discord", "pagerduty", "opsgenie", "teams", "webhook"}) {
    const auto receiver = find_receiver_type(type)->make(settings_of(type));
    for (const int status : {200, 400, 429, 500})
      for (
          const char* body :
          {R"({"ok":"yes","error":5,"description":null,"parameters":{"retry_after":"soon"},"retry_after":{}})",
           R"({"ok":null,"error":{},"description":[],"parameters":[],"result":{"message_id":"x"}})",
           R"({"ok":[],"parameters":{"retry_after":1e300},"retry_after":1e300,"result":[],"ts":1,"channel":2})",
           "[]", "null", "\"x\"", "\xff{"}) {
        const transport::Answer answer{.status = status, .body = body};
        (void)receiver->judge(answer);
        auto notification = firing();
        notification.memory = receiver->remember(notification, std::span(&answer, 1));
        CHECK_FALSE(receiver->render(notification, {}, Detail::full).empty());
      }
  }
}

TEST_CASE("a line of the greatest doubles is drawn") {
  const std::vector<double> values{-1.7e308, 0, 1.7e308};
  CHECK(sparkline(values) == "▁▅█");
}

TEST_CASE("a mail is one that a server and a reader take") {
  Alert alert = make_alert("A\r\nBcc: evil@example.org");
  alert.annotations = {{"summary", "Größe\r\nBcc: evil@example.org"}};
  const auto mail = std::get<transport::Mail>(render("mail", make_notification({alert}), {}).at(0));
  CHECK(mail.from == "pgvigil@example.org");
  CHECK(mail.to == std::vector<std::string>{"dba@example.org", "oncall@example.org"});
  CHECK(mail.text.find("\nBcc:") == std::string::npos);
  CHECK(mail.text.find("Subject: =?UTF-8?B?") != std::string::npos);
  CHECK(mail.text.find("Message-ID: <00ff00ff00ff00ff.pgvigil@example.org>") != std::string::npos);
  CHECK(mail.text.find("Auto-Submitted: auto-generated") != std::string::npos);
  CHECK(mail.text.find("Date: Thu, 06 Aug 2026 12:05:00 +0000") != std::string::npos);
  std::size_t line = 0;
  for (std::size_t at = 0; at < mail.text.size(); at = line + 2) {
    line = mail.text.find("\r\n", at);
    REQUIRE(line != mail.text.npos);
    CHECK(line - at <= 998);
  }
  CHECK(std::count(mail.text.begin(), mail.text.end(), '\n') ==
        std::count(mail.text.begin(), mail.text.end(), '\r'));
  auto end = resolved();
  end.memory = "<first@example.org>";
  CHECK(std::get<transport::Mail>(render("mail", end, {}).at(0))
            .text.find("In-Reply-To: <first@example.org>") != std::string::npos);
  CHECK(verdict("mail", 451) == Verdict::retry);
  CHECK(verdict("mail", 550) == Verdict::misconfigured);
  CHECK(verdict("mail", 552) == Verdict::too_long);
  CHECK(verdict("mail", 250) == Verdict::delivered);
}

TEST_CASE("no secret is left in what is said of an answer") {
  const Credentials credentials{.url = Secret("https://hooks.example.org/T0/SECRETPATH"),
                                .token = Secret("xoxb-SECRETTOKEN")};
  const std::string text =
      scrubbed("HTTP 404: no https://hooks.example.org/T0/SECRETPATH for xoxb-SECRETTOKEN", credentials);
  CHECK(text == "HTTP 404: no *** for ***");
  CHECK(transport::host_of("https://user:pw@hooks.example.org:8443/T0/SECRETPATH?x=1") ==
        "hooks.example.org:8443");
}

TEST_CASE("texts are cut between characters, with a mark") {
  CHECK(shortened("äöü", 3) == "äöü");
  CHECK(shortened(std::string(50, 'x'), 20) == "xxxxxxx… (shortened)");
  CHECK(characters(shortened(std::string(50, 'x'), 20)) == 20);
  CHECK(is_utf8(shortened_bytes("ääääääääääääääääääääääääää", 31)));
  CHECK(shortened_bytes("ääääääääääääääääääääääääää", 31).size() <= 31);
}

TEST_CASE("a late message says so, and what flaps or cannot be seen says that") {
  auto notification = resolved();
  notification.due_since = k_now - 6min;
  CHECK(delay_of(notification) == "delivery was delayed by 6m");
  CHECK(times_of(notification.alerts[0], k_now) == "fired 12:00:00 UTC, resolved 12:04:00 UTC (after 4m)");
  Alert alert = make_alert("A");
  alert.unknown_since = k_now - 1min;
  alert.flapping = true;
  CHECK(times_of(alert, k_now) ==
        "firing since 12:00:00 UTC (5m), state unknown since 12:04:00 UTC, flapping");
  CHECK(span_text(90min + 4s) == "1h 30m");
  CHECK(span_text(24h + 5s) == "1d");
}

TEST_CASE("evidence is a table that fits") {
  const Evidence evidence = *make_evidence({{"1", std::string(500, 'q')}, {"22", "b\nc"}});
  const std::string text = table_text(evidence, 2'000, 40);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    CHECK(characters(text.substr(at, text.find('\n', at) - at)) <= 40);
  CHECK(text.find("b c") != std::string::npos);
  CHECK(characters(table_text(*make_evidence(Rows(1'000, {"row", std::nullopt})), 100)) <= 100);
  CHECK(table_text(*make_evidence({}), 100) == "nothing\n");
  Evidence unseen = evidence;
  unseen.trouble = "timed out";
  CHECK(table_text(unseen, 100) == "not seen: timed out\n");
}
