#include <catch2/catch.hpp>

#include "agent/notify/matching/inhibition.h"
#include "agent/notify/matching/matchers.h"
#include "agent/notify/matching/mute_times.h"
#include "agent/notify/matching/route.h"
#include "agent/notify/matching/silence.h"
#include "agent/notify/message/rfc3339.h"
#include "agent/notify/receivers/receiver_health.h"

using namespace pgvigil;
using namespace pgvigil::agent::notify;
using namespace std::chrono_literals;

namespace {

promql::LabelsPtr labels(std::vector<std::pair<std::string, std::string>> all) {
  return promql::Labels::make(std::move(all));
}

Matchers matchers(std::initializer_list<std::string_view> texts) {
  Matchers all;
  for (const auto text : texts)
    all.push_back(parse_matcher(text).value());
  return all;
}

Timestamp at(int year, unsigned month, unsigned day, int hour, int minute) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)) +
         std::chrono::hours(hour) + std::chrono::minutes(minute);
}

}  // namespace

TEST_CASE("matchers are read as amtool reads them") {
  const auto fit = [](std::string_view text, std::string_view value) {
    return parse_matcher(text).value().matches(value);
  };
  CHECK(fit("severity=critical", "critical"));
  CHECK(fit("severity = \"critical\"", "critical"));
  CHECK(fit("team=~dba|sre", "sre"));
  CHECK_FALSE(fit("team=~dba|sre", "sres"));
  CHECK(fit("datname!=postgres", "shop"));
  CHECK(fit("datname!~temp.*", "shop"));
  CHECK(fit("a=\"x=y\"", "x=y"));
  CHECK(parse_matcher("severity").error() == "'severity' is no matcher: expected NAME=VALUE, !=, =~ or !~");
  CHECK_FALSE(parse_matcher("=x"));
  CHECK_FALSE(parse_matcher("a=~("));
  CHECK_FALSE(parse_matcher("a=\"x"));
}

TEST_CASE("a silence holds between its times, for what all of its matchers match") {
  const Timestamp now = at(2026, 8, 6, 12, 0);
  const std::vector<Silence> silences = {
      {"1", matchers({"alertname=A", "db=shop"}), now, now + 1h, "me", ""}};
  const auto alert = labels({{"alertname", "A"}, {"db", "shop"}});
  CHECK(silence_of(silences, *alert, now - 1ms) == nullptr);
  CHECK(silence_of(silences, *alert, now) == silences.data());
  CHECK(silence_of(silences, *alert, now + 1h) == nullptr);
  CHECK(silence_of(silences, *labels({{"alertname", "A"}}), now) == nullptr);
  CHECK(state_of(silences[0], now - 1s) == SilenceState::pending);
}

TEST_CASE("a silence until the year 9999 ends after it starts") {
  Silence silence{"", matchers({"alertname=A"}), at(2026, 8, 6, 12, 0), {}, "me", ""};
  silence.ends_at = parse_rfc3339("9999-12-31T23:59:59Z").value();
  CHECK(complaint_about(silence).empty());
  CHECK(state_of(silence, at(2099, 1, 1, 0, 0)) == SilenceState::active);
}

TEST_CASE("a silence that would silence everything is refused") {
  Silence silence{"", matchers({"alertname=~.*"}), {}, Timestamp{} + 1h, "me", ""};
  CHECK(complaint_about(silence).find("silence everything") != std::string::npos);
  silence.matchers = matchers({"alertname=A"});
  CHECK(complaint_about(silence).empty());
  silence.ends_at = silence.starts_at;
  CHECK_FALSE(complaint_about(silence).empty());
}

TEST_CASE("a server that is down keeps the rest of that server quiet, and no other") {
  const std::vector<Inhibition> rules = {
      {matchers({"alertname=PostgresDown"}), matchers({"alertname!=PostgresDown"}), {"instance"}}};
  const std::vector<promql::LabelsPtr> firing = {labels({{"alertname", "PostgresDown"}, {"instance", "db1"}}),
                                                 labels({{"alertname", "Lag"}, {"instance", "db1"}})};
  const Inhibitor inhibitor(rules, firing);
  CHECK(inhibitor.source_of(*labels({{"alertname", "Lag"}, {"instance", "db1"}})) == firing[0].get());
  CHECK(inhibitor.source_of(*labels({{"alertname", "Lag"}, {"instance", "db2"}})) == nullptr);
  CHECK(inhibitor.source_of(*firing[0]) == nullptr);
}

TEST_CASE("alerts that are sources and targets of one rule do not silence each other") {
  const std::vector<Inhibition> rules = {
      {matchers({"severity=critical"}), matchers({"severity=~critical|warning"}), {"db"}}};
  const std::vector<promql::LabelsPtr> firing = {labels({{"alertname", "A"}, {"severity", "critical"}}),
                                                 labels({{"alertname", "B"}, {"severity", "critical"}})};
  const Inhibitor inhibitor(rules, firing);
  CHECK(inhibitor.source_of(*firing[0]) == nullptr);
  CHECK(inhibitor.source_of(*firing[1]) == nullptr);
  CHECK(inhibitor.source_of(*labels({{"alertname", "C"}, {"severity", "warning"}})) != nullptr);
}

TEST_CASE("mute times know weekdays, days, months and the edge of midnight") {
  MuteTimes nights{
      "nights", {parse_time_span("22:00-06:00").value()}, {parse_weekday_span("friday").value()}};
  CHECK(holds(nights, at(2026, 8, 7, 22, 0)));  // a Friday
  CHECK(holds(nights, at(2026, 8, 8, 5, 59)));  // its night goes on
  CHECK_FALSE(holds(nights, at(2026, 8, 8, 6, 0)));
  CHECK_FALSE(holds(nights, at(2026, 8, 8, 22, 0)));
  CHECK_FALSE(holds(nights, at(2026, 8, 7, 5, 0)));

  const MuteTimes month_end{"end", {}, {}, {parse_day_span("-2:-1").value()}};
  CHECK(holds(month_end, at(2026, 2, 27, 0, 0)));
  CHECK_FALSE(holds(month_end, at(2026, 2, 26, 23, 59)));
  const MuteTimes winter{"winter", {}, {}, {}, {parse_month_span("nov-feb").value()}};
  CHECK(holds(winter, at(2026, 1, 1, 0, 0)));
  CHECK_FALSE(holds(winter, at(2026, 3, 1, 0, 0)));
  const MuteTimes weekend{"weekend", {}, {parse_weekday_span("saturday-sunday").value()}};
  CHECK(holds(weekend, at(2026, 8, 9, 12, 0)));
  CHECK_FALSE(holds(weekend, at(2026, 8, 10, 0, 0)));
}

TEST_CASE("mute times follow the clocks of their zone, in summer and in winter") {
  MuteTimes lunch{"lunch", {parse_time_span("12:00-13:00").value()}};
  lunch.time_zone = "Europe/Berlin";
  REQUIRE(is_time_zone("Europe/Berlin"));
  CHECK(holds(lunch, at(2026, 8, 6, 10, 30)));
  CHECK_FALSE(holds(lunch, at(2026, 8, 6, 11, 30)));
  CHECK(holds(lunch, at(2026, 1, 6, 11, 30)));
  CHECK_FALSE(is_time_zone("Europe/Nowhere"));
}

TEST_CASE("mute times tell when they end and when they begin") {
  MuteTimes nights{
      "nights", {parse_time_span("22:30-06:00").value()}, {parse_weekday_span("friday").value()}};
  CHECK(changes_at(nights, at(2026, 8, 7, 22, 45)) == at(2026, 8, 8, 6, 0));
  CHECK(changes_at(nights, at(2026, 8, 7, 5, 10)) == at(2026, 8, 7, 22, 30));
  CHECK(changes_at(nights, at(2026, 8, 8, 6, 0)) == at(2026, 8, 14, 22, 30));
  CHECK_FALSE(changes_at(MuteTimes{"always"}, at(2026, 8, 7, 5, 10)));
  const MuteTimes december{"december", {}, {}, {}, {parse_month_span("december").value()}};
  CHECK_FALSE(changes_at(december, at(2026, 8, 7, 0, 0)));
  CHECK(changes_at(december, at(2026, 11, 30, 12, 0)) == at(2026, 12, 1, 0, 0));

  nights.weekdays.clear();
  nights.time_zone =
      "Europe/Berlin";  // its clocks are put back in the night of 25 October 2026, at 01:00 UTC
  CHECK(changes_at(nights, at(2026, 10, 24, 21, 0)) == at(2026, 10, 25, 5, 0));
  CHECK(changes_at(nights, at(2026, 10, 23, 21, 0)) == at(2026, 10, 24, 4, 0));
}

TEST_CASE("what is no time says what was expected") {
  CHECK(parse_time_span("22-6").error() == "'22-6' is not a span of the day: expected \"22:00-06:00\"");
  CHECK_FALSE(parse_time_span("22:00-22:00"));
  CHECK_FALSE(parse_time_span("24:01-25:00"));
  CHECK_FALSE(parse_weekday_span("caturday"));
  CHECK_FALSE(parse_day_span("0"));
  CHECK_FALSE(parse_day_span("32"));
  CHECK_FALSE(parse_month_span("13"));
}

TEST_CASE("the first route that matches is taken, and further ones only where it goes on") {
  const std::vector<Route> routes = {{matchers({"severity=critical"}), {"pagerduty"}, true},
                                     {matchers({"team=dba"}), {"slack"}},
                                     {{}, {"mail"}}};
  const auto taken = [&](std::vector<std::pair<std::string, std::string>> all) {
    return routes_of(routes, *labels(std::move(all)));
  };
  CHECK(taken({{"severity", "critical"}, {"team", "dba"}}) == std::vector<std::size_t>{0, 1});
  CHECK(taken({{"severity", "critical"}}) == std::vector<std::size_t>{0, 2});
  CHECK(taken({{"team", "dba"}}) == std::vector<std::size_t>{1});
  CHECK(taken({}) == std::vector<std::size_t>{2});
}

TEST_CASE("a group is what its labels say; three dots make each alert one") {
  const auto alert = labels({{"alertname", "A"}, {"cluster", "eu"}, {"instance", "db1"}});
  CHECK(*group_labels({}, alert) == *labels({{"alertname", "A"}, {"cluster", "eu"}}));
  CHECK(*group_labels({{}}, alert) == *promql::Labels::none());
  CHECK(*group_labels({{"..."}}, alert) == *alert);
}

TEST_CASE("a receiver that fails is tried ever less often, with jitter, and Retry-After is kept to exactly") {
  const Timestamp now = at(2026, 8, 6, 12, 0);
  ReceiverHealth health;
  for (int i = 0; i < 20; ++i)
    health = after(health, Verdict::retry, {}, 1.0, now);
  CHECK(health.not_before == now + 5min);
  CHECK(health.is_open());
  CHECK(after({}, Verdict::retry, {}, 1.0, now).not_before == now + 1s);
  CHECK(after({}, Verdict::retry, {}, 0.25, now).not_before == now + 250ms);
  CHECK(after({}, Verdict::slow_down, 30s, 1.0, now).not_before == now + 30s);
  CHECK(after({}, Verdict::slow_down, 24h, 1.0, now).not_before == now + 15min);
  CHECK(after({}, Verdict::slow_down, -5s, 1.0, now).not_before == now);
  CHECK(after({}, Verdict::misconfigured, {}, 1.0, now).is_open());
  CHECK_FALSE(after(health, Verdict::delivered, {}, 1.0, now).is_open());
  CHECK(after(health, Verdict::retry, {}, 1.0, now + 1h).down_since == now);
}

TEST_CASE("a rate limit lets a burst through and then so many a second") {
  const Timestamp now = at(2026, 8, 6, 12, 0);
  RateLimit limit(2, 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(limit.next(now) == now);
    limit.take(now);
  }
  CHECK(limit.next(now) == now + 500ms);
  CHECK(limit.next(now + 600ms) == now + 600ms);
}
