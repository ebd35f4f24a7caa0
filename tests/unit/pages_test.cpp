#include <catch2/catch.hpp>

#include "agent/http/pages/notify_page.h"
#include "agent/http/pages/page.h"
#include "agent/http/pages/status_page.h"

using namespace pgvigil;
using namespace pgvigil::agent;
using namespace std::chrono_literals;

namespace {

const std::string k_hostile = "<script>\"&";
const Timestamp k_now = Timestamp{} + std::chrono::hours(500'000);

}  // namespace

TEST_CASE("the page of notifications escapes whatever comes from outside") {
  notify::ReceiverFigures receiver{k_hostile, k_hostile, {{k_hostile, 1}}};
  receiver.last_error = receiver.fallback = k_hostile;
  receiver.last_error_at = receiver.down_since = receiver.next_attempt = k_now;
  const auto labels = promql::Labels::make({{"alertname", k_hostile}, {"x", k_hostile}});
  NotifyView view{k_hostile, {receiver}, {}, {}, {}, k_now};
  view.groups = {{k_hostile,
                  k_hostile,
                  "due",
                  k_hostile,
                  k_now,
                  k_now,
                  k_hostile,
                  {{labels, k_hostile, k_now, {}, true, k_hostile}}},
                 {"other",
                  k_hostile,
                  "quiet",
                  k_hostile,
                  k_now,
                  k_now,
                  k_hostile,
                  {{labels, k_hostile, k_now, k_now, true, k_hostile}}}};
  view.silences = {{k_hostile,
                    {notify::parse_matcher("x=\"<script>\"").value()},
                    k_now,
                    k_now + 1h,
                    k_hostile,
                    k_hostile}};
  view.decisions = {{k_now, k_hostile, k_hostile, k_hostile, k_hostile, 1, k_hostile, k_hostile, k_now}};
  const std::string page = notify_html(view);
  CHECK_FALSE(page.contains("<script"));
  CHECK(page.contains("&lt;script&gt;&quot;&amp;"));
}

TEST_CASE("of very many alerts the worst are shown, and the others counted") {
  const auto rule = [](const std::string& name, const std::string& severity, rules::AlertPhase phase,
                       int count) {
    RuleStatus status{.rule = std::make_shared<rules::Rule>(rules::Rule{.name = name})};
    for (int i = 0; i < count; ++i) {
      rules::Alert alert;
      alert.labels = promql::Labels::make({{"id", std::to_string(i)}, {"severity", severity}});
      alert.state.phase = phase;
      status.alerts.push_back(alert);
    }
    return status;
  };
  GroupStatus group;
  group.rules = {rule("Soon", "critical", rules::AlertPhase::pending, 50),
                 rule("Slow", "warning", rules::AlertPhase::firing, 190),
                 rule("Down", "critical", rules::AlertPhase::firing, 20)};
  const AlertsView view = alerts_view({group});
  REQUIRE(view.alerts.size() == 200);
  CHECK(view.left_out == 60);
  CHECK(view.alerts.front().name == "Down");
  CHECK(view.alerts.at(19).name == "Down");
  CHECK(view.alerts.at(20).name == "Slow");
  CHECK(view.alerts.back().state == "firing");
  CHECK(*view.alerts.at(20).labels < *view.alerts.at(21).labels);
  const StatusView page{.alerts = view, .now = k_now};
  CHECK(status_html(page).contains("and 60 more"));
  CHECK(status_json(page).contains("\"alerts_left_out\": 60"));
}

TEST_CASE("the status page escapes whatever comes from outside") {
  StatusView view{k_hostile, k_hostile, {k_hostile}, {k_hostile}, {k_hostile}, {}, {}, {}, k_now};
  const auto labels = promql::Labels::make({{"alertname", k_hostile}});
  view.alerts.alerts = {{k_hostile, k_hostile, "firing", k_now, k_now, 1, labels, k_hostile, {k_hostile}}};
  ServerView server{.name = k_hostile};
  server.collectors = {{.name = k_hostile, .help = k_hostile, .message = k_hostile, .mend = k_hostile}};
  server.server.trouble = Error{ErrorKind::timed_out, k_hostile, k_hostile};
  server.server.databases_watched = 1;
  server.server.databases_in_trouble = {{k_hostile, k_hostile, *server.server.trouble, k_now}};
  server.server.advice =
      AdviceStatus{.trouble = k_hostile, .findings = {{k_hostile, 1}}, .blind = {{k_hostile, k_hostile}}};
  view.servers = {server};
  view.probed = {server};
  CHECK_FALSE(status_html(view).contains("<script"));
}

TEST_CASE("a moment is told by its distance and its time of day") {
  CHECK(when(k_now - 5min, k_now).starts_with("5 min ago"));
  CHECK(when(k_now + 20s, k_now).starts_with("in 20 s"));
  CHECK(when(std::nullopt, k_now) == "never");
}
