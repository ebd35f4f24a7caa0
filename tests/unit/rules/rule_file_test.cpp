#include "rules/rule_file.h"

#include <catch2/catch.hpp>

using namespace pgvigil;
using namespace pgvigil::rules;
using namespace std::chrono_literals;

namespace {

std::string lines(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics)
    text += to_string(diagnostic) + "\n";
  return text;
}

std::string mistakes(const std::string& toml, const std::string& user = "") {
  std::vector<RuleFile> files;
  if (!user.empty()) files.push_back({"user.toml", user});
  const auto book = load_rules({{"f.toml", toml}}, files);
  return book ? "" : lines(book.error());
}

RuleBook good(const std::string& toml, const std::string& user = "", const MetricCatalog* catalog = nullptr) {
  std::vector<RuleFile> files;
  if (!user.empty()) files.push_back({"user.toml", user});
  auto book = load_rules({{"f.toml", toml}}, files, catalog);
  INFO((book ? "" : lines(book.error())));
  REQUIRE(book);
  return std::move(*book);
}

MetricCatalog catalog() {
  MetricCatalog catalog({"instance", "job"}, {"target"});
  catalog.add("pg_up", {MetricType::gauge, {}, "", true, 15s});
  catalog.add("commits", {MetricType::counter, {"datname"}, "database", true, 15s});
  catalog.add("sessions", {MetricType::gauge, {"datname", "state"}, "activity", true, 15s});
  catalog.add("dead_tup", {MetricType::gauge, {"datname", "relname"}, "tables", true, 5min});
  catalog.add("bloat", {MetricType::gauge, {"datname", "relname"}, "bloat", false, 1h});
  catalog.add_pattern("pg_settings_{name}", {MetricType::gauge, {}, "settings", true, 5min});
  return catalog;
}

/// The warnings of one alert with this expression.
std::string warnings(const std::string& expr, const std::string& more = "") {
  const MetricCatalog known = catalog();
  return lines(good("[[rule]]\nalert = 'A'\nexpr = '" + expr +
                        "'\nlabels = { severity = 'info' }\nannotations = { summary = 'x' }\n" + more,
                    "", &known)
                   .warnings);
}

}  // namespace

TEST_CASE("a rule file gives its rules", "[rule_file]") {
  const RuleBook book = good(R"(
interval = "30s"
[group.slow]
interval = "5m"

[[rule]]
alert = "ConnectionsHigh"
expr = '''
sum by (instance) (sessions{state=~"$states"}) > $threshold
  and increase(commits[$window]) > 0'''
clear = "sessions < $low"
for = "5m"
keep_firing_for = "2m"
labels = { severity = "warning", team = "{{ $labels.team }}" }
annotations = { summary = "above $threshold for $window: {{ $value }} of {{ $threshold | humanize }}, $unknown" }
evidence = ["activity"]
scope = "cluster"
on_nodata = "hold"
flap = { changes = 6, within = "30m" }
parameters = { threshold = 0.8, low = "20kB", window = "15m", states = 'a\.b"|' }

[[rule]]
record = "commits:rate5m"
group = "slow"
expr = 'sum(rate(commits[5m]))'
)");
  REQUIRE(book.rules.size() == 2);
  const Rule& rule = book.rules[0];
  CHECK(rule.kind == RuleKind::alert);
  CHECK(rule.group == "f");
  CHECK(rule.interval == 30s);
  CHECK(rule.expr.text ==
        "sum by (instance) (sessions{state=~\"a\\\\.b\\\"|\"}) > 0.8\n  and increase(commits[15m]) > 0");
  CHECK(rule.clear->text == "sessions < 20000");
  CHECK(rule.hold_for == 5min);
  CHECK(rule.keep_firing_for == 2min);
  CHECK(rule.label("severity") == "warning");
  CHECK(rule.annotations[0].text == "above 0.8 for 15m: {{ $value }} of {{ 0.8 | humanize }}, $unknown");
  CHECK(rule.evidence == std::vector<std::string>{"activity"});
  CHECK(rule.scope == RuleScope::cluster);
  CHECK(rule.on_nodata == NoData::hold);
  CHECK(rule.flap == FlapSettings{6, 30min});
  CHECK(book.rules[1].kind == RuleKind::record);
  CHECK(book.rules[1].interval == 5min);
}

TEST_CASE("a duration is seconds where a number stands, and itself in a range or an offset", "[rule_file]") {
  const auto text = [](const std::string& expr) {
    return good("[[rule]]\nalert='A'\nexpr='" + expr + "'\nparameters={w='90m', p='1d'}").rules[0].expr.text;
  };
  CHECK(text("x > $w") == "x > 5400");
  CHECK(text("rate(x[$w]) > 1") == "rate(x[1h30m]) > 1");
  CHECK(text("rate(x[ $w ] offset $p) > 1") == "rate(x[ 1h30m ] offset 1d) > 1");
  CHECK(text("max_over_time(x[$p:$w]) > 1 # not $this") == "max_over_time(x[1d:1h30m]) > 1 # not $this");
  CHECK(text("x{a=~\"b$\"} > $w") == "x{a=~\"b$\"} > 5400");
}

TEST_CASE("mistakes in a rule file are told with their place", "[rule_file]") {
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'sum(x'") == "f.toml:3:14: unclosed left parenthesis\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = '''\nx > 1\n  and rate(x) > 2'''") ==
        "f.toml:5:12: expected type range vector in call to function \"rate\", got instant vector\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > $t and $u'\nparameters = { t = 100000 }") ==
        "f.toml:3:20: there is no parameter 'u'\n");
  // A long value before the mistake does not move the place.
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 12 and )'") ==
        "f.toml:3:21: unexpected right parenthesis ')'\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > $t and )'\nparameters = { t = 100000 }") ==
        "f.toml:3:21: unexpected right parenthesis ')'\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'rate(x[$t]) > 1'\nparameters = { t = 5 }") ==
        "f.toml:3:16: the parameter 't' must be a duration here\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > $t'\nparameters = { t = '/data.*' }") ==
        "f.toml:3:13: the parameter 't' is a text, which stands only in a string\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x[5m]'") ==
        "f.toml:3:8: the expression of a rule must be an instant vector or a scalar, not a range vector\n");
  CHECK(mistakes("[[rule]]\nexpr = 'x > 1'") ==
        "f.toml:1:1: missing key 'alert' (or 'record') (Name the alert: alert = \"PostgresDown\".)\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\nanotations = {}") ==
        "f.toml:4:1: unknown key 'anotations' (Did you mean 'annotations'?)\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\nannotations = { summary = 'a {{ $lable.x }}' }") ==
        "f.toml:4:33: undefined variable '$lable'\n");
  CHECK(mistakes("[[rule]]\nrecord = 'r'\nexpr = 'x'\nfor = '5m'") ==
        "f.toml:4:1: 'for' is for alerts, and this is a record\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\n[[rule]]\nalert = 'A'\nexpr = 'x > 2'") ==
        "f.toml:5:9: the alert 'A' is defined twice, first in f.toml:1 (State is kept under an alert's name: "
        "give "
        "each its own.)\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\nparameters = { value = 1 }")
            .starts_with("f.toml:4:16: 'value' cannot be the name of a parameter"));
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\nlabels = { 'a-b' = 'x' }") ==
        "f.toml:4:12: 'a-b' is no label name\n");
  CHECK(mistakes("[[rule]]\nalert = 'A'\nexpr = 'x > 1'\n[[rule.test]]\nat = '1m'\nseries = ['x 1 2 oops']")
            .starts_with("f.toml:4:1: a test of an alert needs 'firing' or 'pending'"));
  CHECK(mistakes("not toml").starts_with("f.toml:1:"));
}

TEST_CASE("a user's file adds, replaces and overrides", "[rule_file]") {
  const std::string shipped =
      "[[rule]]\nalert = 'A'\nexpr = 'x > $t'\nfor = '5m'\nlabels = { severity = 'warning' }\nparameters = { "
      "t = 1 }\n"
      "[[rule]]\nalert = 'B'\nexpr = 'y > 1'\n";
  const RuleBook book = good(shipped, R"(
[override.A]
for = "1h"
severity = "critical"
scope = "cluster"
parameters = { t = 7 }
[override.B]
enabled = false
[[rule]]
alert = "C"
expr = "z > 1"
)");
  REQUIRE(book.rules.size() == 3);
  CHECK(book.rules[0].expr.text == "x > 7");
  CHECK(book.rules[0].hold_for == 1h);
  CHECK(book.rules[0].label("severity") == "critical");
  CHECK(book.rules[0].scope == RuleScope::cluster);
  CHECK(book.rules[1].scope == RuleScope::node);
  CHECK_FALSE(book.rules[1].enabled);
  CHECK(book.rules[2].group == "user");

  const RuleBook replaced = good(shipped, "[[rule]]\nalert = 'B'\nexpr = 'y > 2'");
  REQUIRE(replaced.rules.size() == 2);
  CHECK(replaced.rules[1].expr.text == "y > 2");

  CHECK(mistakes(shipped, "[override.a1]\nenabled = false") ==
        "user.toml:1:1: there is no rule 'a1' to override\n");
  CHECK(mistakes(shipped, "[override.A]\nparameters = { treshold = 1 }") ==
        "user.toml:2:16: the rule has no parameter 'treshold'\n");
  CHECK(mistakes(shipped, "[override.A]\nparameters = { t = 'text' }") ==
        "user.toml:2:20: 't' must be of the kind of '1'\n");
  CHECK(mistakes(shipped, "[override.A]\nexpr = 'x > 9'").starts_with("user.toml:2:1: unknown key 'expr'"));
}

TEST_CASE("what parses and is likely to be wrong is a warning", "[rule_file][lint]") {
  CHECK(warnings("sessions > 5") == "");
  CHECK(warnings("sesions > 5") ==
        "f.toml:3:9: A: no collector gives the metric 'sesions' (Did you mean 'sessions'?)\n");
  CHECK(warnings("bloat > 5") ==
        "f.toml:3:9: A: the collector of 'bloat' is off (Switch it on: [collector.bloat] "
        "enabled = true.)\n");
  CHECK(warnings("sessions{granted=\"false\"} > 5") ==
        "f.toml:3:9: A: 'sessions' has no label 'granted', so this finds nothing\n");
  CHECK(warnings("sessions{datid!=\"0\"} > 5") == "");
  CHECK(warnings("rate(commits[30s]) > 5")
            .starts_with("f.toml:3:14: A: the range is shorter than four intervals of 'commits' (15s)"));
  CHECK(warnings("rate(commits[1m]) > 5") == "");
  CHECK(warnings("rate(sessions[5m]) > 5").starts_with("f.toml:3:9: A: rate() of the gauge 'sessions'"));
  CHECK(warnings("deriv(commits[5m]) > 5").starts_with("f.toml:3:9: A: deriv() of the counter 'commits'"));
  CHECK(warnings("commits > 10").starts_with("f.toml:3:9: A: the counter 'commits' only grows"));
  CHECK(warnings("count(sessions) == 0")
            .starts_with("f.toml:3:9: A: count() of no series is no series and not 0"));
  CHECK(warnings("count(sessions == 0) != 1").starts_with("f.toml:3:9: A: count() of no series"));
  CHECK(warnings("sum by (instance) (sessions == 0) < 1").starts_with("f.toml:3:9: A: sum() of no series"));
  CHECK(warnings("(count(sessions) or vector(0)) < 1") == "");
  CHECK(warnings("sessions").starts_with("f.toml:3:9: A: nothing is compared"));
  CHECK(warnings("absent(pg_up)") == "");
  CHECK(
      warnings("timestamp(sessions > 1) < 5").starts_with("f.toml:3:9: A: timestamp() of a computed vector"));
  CHECK(warnings("changes(pg_up[5m]) > 0", "for = '5m'")
            .starts_with("f.toml:3:9: A: after one event this is true for 5m, and 'for' wants 5m"));
  CHECK(warnings("changes(pg_up[10m]) > 0", "for = '5m'") == "");
}

TEST_CASE("joins that can never match are told", "[rule_file][lint]") {
  // Published rules that are silent in the very state they are for.
  CHECK(
      warnings("dead_tup > pg_settings_autovacuum_vacuum_threshold")
          .starts_with("f.toml:3:9: A: the two sides of '>' can never match: only the left one has the label "
                       "'datname'"));
  CHECK(
      warnings("sum by (instance) (sessions) / pg_settings_max_connections > 0.8")
          .starts_with(
              "f.toml:3:9: A: the two sides of '/' can never match: only the right one has the label 'job'"));
  CHECK(warnings("(dead_tup > 5) and (pg_up == 1)")
            .starts_with("f.toml:3:9: A: the two sides of 'and' can never match"));
  CHECK(warnings("sum by (datname) (sessions) / on (instance) pg_up > 1")
            .starts_with(
                "f.toml:3:9: A: the two sides of '/' can never match: only the right one has the label "
                "'instance'"));
  CHECK(warnings("sum by (instance) (sessions) / on (instance) max by (instance) "
                 "(pg_settings_max_connections) > 0.8") == "");
  CHECK(warnings("dead_tup > on (instance) group_left () pg_settings_autovacuum_vacuum_threshold") == "");
  CHECK(warnings("dead_tup > 5 and on (instance, datname, relname) dead_tup > 6") == "");
  CHECK(warnings("dead_tup > 5 or pg_up == 0") == "");
  // A label that is there in some set-ups only may be left out, and may be asked for.
  CHECK(warnings("sum by (instance, job) (sessions) / pg_settings_max_connections > 1") == "");
  CHECK(warnings("sum by (instance, target) (sessions{target=\"a\"}) / on (instance, target) pg_up > 1") ==
        "");
  CHECK(warnings("label_replace(pg_up, \"datname\", \"x\", \"\", \"\") + dead_tup > 1") == "");
}

TEST_CASE("texts of a rule are looked at, too", "[rule_file][lint]") {
  const MetricCatalog known = catalog();
  const auto told = [&](const std::string& more) {
    return lines(good("[[rule]]\nalert = 'A'\nexpr = 'sum by (datname) (sessions) > 1'\n" + more, "", &known)
                     .warnings);
  };
  CHECK(told("labels = { severity = 'x', v = '{{ $value }}' }\nannotations = { summary = 'x' }") ==
        "f.toml:4:32: A: $value in a label makes a new alert of every value (Show it in an annotation.)\n");
  CHECK(told("labels = { severity = 'x' }\nannotations = { summary = '{{ $labels.state }}' }") ==
        "f.toml:5:27: A: the expression gives no label 'state' (An empty text would be shown.)\n");
  CHECK(told("labels = { severity = 'x' }\nannotations = { summary = '{{ $labels.datname }} {{ "
             "$labels.severity }}' }") == "");
  CHECK(told("labels = { severity = 'x' }\nannotations = { summary = '{{ with query \"sum(\" }}{{ end }}' }")
            .contains("the query of the annotation is no PromQL"));
  CHECK(told("") ==
        "f.toml:1:1: A: the alert has no label 'severity' (Routes go by it: labels = { severity = "
        "\"warning\" }.)\n"
        "f.toml:1:1: A: the alert has no annotation 'summary' (A person at night reads it first.)\n");
}
