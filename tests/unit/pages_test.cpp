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

TEST_CASE("the status page escapes whatever comes from outside") {
  StatusView view{k_hostile, k_hostile, {k_hostile}, {k_hostile}, {k_hostile}, {}, {}, {}, k_now};
  view.alerts = {{k_hostile, k_hostile, "firing", k_now, k_now, 1, k_hostile, k_hostile, {k_hostile}}};
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
