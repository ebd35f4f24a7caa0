#include "rules/evaluation.h"

#include <catch2/catch.hpp>

#include "rules/promql/memory_storage.h"
#include "rules/rule_file.h"
#include "rules/rule_test.h"

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds k_interval = 15s;

Rule rule_of(const std::string& toml) {
  auto book = load_rules({{"f.toml", "[[rule]]\n" + toml}}, {});
  REQUIRE(book);
  return std::move(book->rules.front());
}

/// A rule over series that a test writes as it goes.
class Scene {
 public:
  explicit Scene(const std::string& toml) : rule_(rule_of(toml)), policy_(policy_of(rule_, k_interval)) {}

  void put(const std::string& series, double value) {
    auto description = promql::parse_series_description(series);
    REQUIRE(description);
    const std::vector<promql::Point> points = {
        {std::chrono::duration_cast<milliseconds>(now_.time_since_epoch()).count(), value}};
    storage_.append(description->labels, points);
  }
  void end(const std::string& series) { put(series, promql::stale_marker()); }

  /// What happens at this tick: "firing {alertname="A", datname="app"}".
  std::string tick() {
    EvaluationContext context{storage_};
    context.sight = [this](std::string_view metric, const promql::Labels& of) {
      if (metric == blind_to) return Sight::none;
      if (hidden_host.empty()) return Sight::all;
      if (of.get("host").empty()) return Sight::some;
      return of.get("host") == hidden_host ? Sight::none : Sight::all;
    };
    context.most_alerts = most_alerts;
    last = evaluate_rule(rule_, policy_, context, alerts, now_);
    std::vector<std::string> told;
    for (const AlertEvent& event : last.events)
      told.push_back(std::string(to_string(event.transition)) + " " + to_string(*event.alert.labels));
    std::ranges::sort(told);
    std::string text;
    for (const std::string& one : told)
      text += (text.empty() ? "" : "; ") + one;
    now_ += k_interval;
    return text;
  }

  Alerts alerts;
  RuleResult last;
  std::string blind_to;
  std::size_t most_alerts = 100;
  std::string hidden_host;  ///< of several servers, the one that is out of sight

 private:
  Rule rule_;
  AlertPolicy policy_;
  promql::MemoryStorage storage_;
  Timestamp now_{};
};

}  // namespace

TEST_CASE("each label set is an alert of its own, with the rule's labels and texts", "[evaluation]") {
  Scene scene(R"(
alert = "A"
expr = "lag > 60"
labels = { severity = "warning", where = "{{ $labels.instance | stripPort }}" }
annotations = { summary = "{{ $labels.instance }} is {{ $value | humanizeDuration }} behind" })");
  scene.put(R"(lag{instance="a:1"})", 90);
  scene.put(R"(lag{instance="b:1"})", 10);
  CHECK(scene.tick() == R"(firing {alertname="A", instance="a:1", severity="warning", where="a"})");
  CHECK(scene.alerts.begin()->second.annotations.front().second == "a:1 is 1m 30s behind");
  scene.put(R"(lag{instance="a:1"})", 10);
  scene.put(R"(lag{instance="b:1"})", 120);
  CHECK(scene.tick() == R"(firing {alertname="A", instance="b:1", severity="warning", where="b"}; )"
                        R"(resolved {alertname="A", instance="a:1", severity="warning", where="a"})");
}

TEST_CASE("alerts beyond the most are left out and counted, and those that are there stay", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > 60'");
  scene.most_alerts = 1;
  scene.put(R"(lag{instance="z"})", 90);
  CHECK(scene.tick() == R"(firing {alertname="A", instance="z"})");
  CHECK(scene.last.left_out == 0);
  for (const char* series : {R"(lag{instance="a"})", R"(lag{instance="b"})", R"(lag{instance="z"})"})
    scene.put(series, 90);
  CHECK(scene.tick().empty());
  CHECK(scene.last.left_out == 2);
  CHECK(scene.alerts.begin()->first->get("instance") == "z");
  for (const char* series : {R"(lag{instance="a"})", R"(lag{instance="z"})"})
    scene.put(series, 10);
  scene.put(R"(lag{instance="b"})", 90);
  CHECK(scene.tick() == R"(firing {alertname="A", instance="b"}; resolved {alertname="A", instance="z"})");
  CHECK(scene.last.left_out == 0);
}

TEST_CASE("a collector that fails resolves nothing and raises nothing", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > 60 and on () role == 1'");
  scene.put("role", 1);
  scene.put("lag", 90);
  CHECK(scene.tick() == R"(firing {alertname="A"})");
  scene.blind_to = "role";
  scene.put("lag", 10);
  CHECK(scene.tick() == R"(unknown begins {alertname="A"})");
  CHECK(scene.tick() == "");
  CHECK(scene.alerts.begin()->second.state.phase == AlertPhase::firing);
  scene.blind_to = "";
  scene.put("lag", 10);
  CHECK(scene.tick() == R"(resolved {alertname="A"}; unknown ends {alertname="A"})");
}

TEST_CASE("an evaluation that fails resolves nothing", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > on () limit'");
  scene.put("lag", 90);
  scene.put("limit", 60);
  CHECK(scene.tick() == R"(firing {alertname="A"})");
  scene.put(R"(limit{other="1"})", 60);
  CHECK(scene.tick() == R"(unknown begins {alertname="A"})");
  REQUIRE(scene.last.error);
  CHECK(scene.last.error->message.contains("found duplicate series"));
}

TEST_CASE("absent() is about what is not seen", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'absent(up)'");
  scene.blind_to = "up";
  CHECK(scene.tick() == R"(firing {alertname="A"})");
}

TEST_CASE("a series that is gone from a good collection is no data", "[evaluation]") {
  const auto play = [](const std::string& on_nodata) {
    Scene scene("alert = 'A'\nexpr = 'max by (datname) (lag) > 60'\non_nodata = '" + on_nodata + "'");
    scene.put(R"(lag{datname="a",x="1"})", 90);
    scene.put(R"(lag{datname="b",x="1"})", 10);
    std::string story = scene.tick();
    scene.end(R"(lag{datname="a",x="1"})");
    scene.put(R"(lag{datname="b",x="1"})", 10);
    return story + " | " + scene.tick();
  };
  const std::string alert = R"( {alertname="A", datname="a"})";
  CHECK(play("resolve") == "firing" + alert + " | resolved" + alert);
  CHECK(play("hold") == "firing" + alert + " | unknown begins" + alert);
  CHECK(play("fire") == "firing" + alert + " | ");
}

TEST_CASE("on_nodata = fire fires when there was never any data", "[evaluation]") {
  Scene scene(
      "alert = 'A'\nexpr = 'lag > 60'\non_nodata = 'fire'\nannotations = { summary = 'value {{ $value }}' }");
  CHECK(scene.tick() == R"(firing {alertname="A"})");
  CHECK(scene.alerts.begin()->second.annotations.front().second == "value NaN");
  scene.put("lag", 10);
  CHECK(scene.tick() == R"(resolved {alertname="A"})");
  scene.put("lag", 10);
  CHECK(scene.tick() == "");
}

TEST_CASE("with clear an alert ends at its own threshold", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > 60'\nclear = 'lag < 20'");
  std::string story;
  for (double value : {90.0, 50.0, 30.0, 70.0, 25.0, 10.0, 50.0}) {
    scene.put(R"(lag{datname="a"})", value);
    const std::string told = scene.tick();
    story += (told.empty() ? "-" : told.substr(0, told.find(' '))) + " ";
  }
  CHECK(story == "firing - - - - resolved - ");
  scene.put(R"(lag{datname="a"})", 90);
  scene.tick();
  scene.end(R"(lag{datname="a"})");
  CHECK(scene.tick() == R"(resolved {alertname="A", datname="a"})");
}

TEST_CASE("two series that the rule's labels make one are an error", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > 60'\nlabels = { datname = 'all' }");
  scene.put(R"(lag{datname="a"})", 90);
  scene.put(R"(lag{datname="b"})", 90);
  CHECK(scene.tick() == "");
  REQUIRE(scene.last.error);
  CHECK(scene.last.error->message.starts_with("two series have the same labels"));
}

TEST_CASE("a recording rule gives series of its name", "[evaluation]") {
  Scene scene("record = 'job:lag:max'\nexpr = 'max by (job) (lag)'\nlabels = { a = 'b' }");
  scene.put(R"(lag{job="x",i="1"})", 3);
  scene.put(R"(lag{job="x",i="2"})", 4);
  scene.tick();
  REQUIRE(scene.last.recorded.size() == 1);
  CHECK(to_string(*scene.last.recorded[0].labels) == R"({__name__="job:lag:max", a="b", job="x"})");
  CHECK(scene.last.recorded[0].point.v == 4);
}

TEST_CASE("a text that cannot be rendered is told and shown", "[evaluation]") {
  Scene scene("alert = 'A'\nexpr = 'lag > 60'\nannotations = { summary = '{{ query \"none\" | first }}' }");
  scene.put("lag", 90);
  scene.tick();
  REQUIRE(scene.last.template_errors.size() == 1);
  CHECK(scene.last.template_errors[0] ==
        "summary: error calling first: first() called on vector with no elements");
  CHECK(scene.alerts.begin()->second.annotations[0].second.starts_with("<error expanding template: "));
}

TEST_CASE("the test of a rule says what differs", "[evaluation]") {
  const std::string head =
      "alert = 'A'\nexpr = 'lag > 60'\nfor = '2m'\nlabels = { severity = 'info' }\n"
      "annotations = { summary = '{{ $value }}' }\n[[rule.test]]\nseries = ['lag{i=\"1\"} 90x10']\n";
  const auto verdict = [&](const std::string& test) {
    const Rule rule = rule_of(head + test);
    return run_rule_test(rule, rule.tests.front()).value_or("passes");
  };
  CHECK(verdict("at = '2m'\nfiring = ['{i=\"1\"}']") == "passes");
  CHECK(verdict("at = '1m'\nfiring = []\npending = ['{i=\"1\"}']") == "passes");
  CHECK(verdict("at = '1m'\nfiring = ['{i=\"1\"}']") == "firing: expected {i=\"1\"}, got none");
  CHECK(verdict("at = '2m'\nfiring = []") == "firing: expected none, got {i=\"1\"}");
  CHECK(verdict("at = '2m'\nfiring = ['{i=\"1\"}']\nannotations = { summary = '91' }") ==
        "summary: expected \"91\", got \"90\"");
  CHECK(verdict("at = '2m'\nfiring = ['{i=\"1\"}']\nannotations = { nothing = '91' }") ==
        "the alert has no annotation 'nothing'");
  const Rule record = rule_of(
      "record = 'r'\nexpr = 'sum(lag)'\n[[rule.test]]\nseries = ['lag{i=\"1\"} 0.1', "
      "'lag{i=\"2\"} 0.2']\nat = '0s'\ngives = ['r 0.3']");
  CHECK_FALSE(run_rule_test(record, record.tests.front()));
}
