#include "rules/explain/explain.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "rules/explain/explain_text.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/parser.h"
#include "rules/promql/series_description.h"
#include "rules/rule_file.h"
#include "rules/rule_test.h"

using namespace pgvigil;
using namespace pgvigil::rules;
using Catch::Contains;

namespace {

/// Ten minutes of samples, one a minute.
promql::MemoryStorage storage_of(const std::vector<std::string>& series) {
  promql::MemoryStorage storage;
  for (const std::string& text : series) {
    const auto description = promql::parse_series_description(text);
    REQUIRE(description);
    std::vector<promql::Point> points;
    std::int64_t t_ms = 0;
    for (const promql::SequenceValue& value : description->values) {
      if (value.kind == promql::SequenceValue::Kind::number) points.push_back({t_ms, value.value});
      t_ms += 60'000;
    }
    storage.append(description->labels, points);
  }
  return storage;
}

constexpr std::int64_t k_now_ms = 600'000;

MetricCatalog catalog() {
  MetricCatalog known({"instance", "job"});
  known.add("lag", {MetricType::gauge, {}, "replication", true});
  known.add("bloat", {MetricType::gauge, {}, "table_bloat", false});
  return known;
}

struct Scene {
  explicit Scene(const std::vector<std::string>& series) : storage(storage_of(series)) {}

  Explanation explained(const std::string& expr) {
    const auto tree = promql::parse_expression(expr);
    REQUIRE(tree);
    ExplainContext context{storage};
    context.catalog = &metrics;
    context.trouble = [this](std::string_view collector) -> std::string {
      return collector == failing ? "failed: permission denied" : "";
    };
    return explain(**tree, context, k_now_ms);
  }
  std::string verdict(const std::string& expr) { return explained(expr).verdict; }

  promql::MemoryStorage storage;
  MetricCatalog metrics = catalog();
  std::string failing;
};

Rule rule_of(const std::string& toml) {
  auto book = load_rules({{"f.toml", "[[rule]]\n" + toml}}, {});
  REQUIRE(book);
  return std::move(book->rules.front());
}

}  // namespace

TEST_CASE("an explanation shows every part once, with what it gives") {
  Scene scene({R"(used{instance="a",db="x"} 40x10)", R"(used{instance="a",db="y"} 1x10)",
               R"(most{instance="a"} 100x10)", R"(commits{instance="a"} 0+60x10)"});
  const Explanation explanation = scene.explained(
      "sum by (instance) (used) / on (instance) most > 0.8 and on (instance) rate(commits[5m]) > 1");
  std::vector<std::string> heads;
  for (const ExplainedNode& node : explanation.nodes)
    heads.push_back(std::string(2 * node.level, ' ') + node.head);
  CHECK(heads == std::vector<std::string>{"… and on (instance) …", "  … > 0.8", "    … / on (instance) …",
                                          "      sum by (instance) (…)", "        used", "      most",
                                          "  … > 1", "    rate(…)", "      commits[5m]"});
  CHECK(explanation.nodes[4].series == 2);
  CHECK(explanation.nodes[4].shown[1].value == 1);
  CHECK(explanation.nodes[8].samples == 5);
  CHECK(explanation.nodes[8].shown[0].first_ms == 360'000);
  CHECK_THAT(explanation.verdict,
             Contains("`sum by (instance) (used) / on (instance) most > 0.8` gives nothing: "
                      "none of 1 value is > 0.8: the nearest is 0.41, of {instance=\"a\"}"));
}

TEST_CASE("a part shows a bounded number of its series") {
  std::vector<std::string> series;
  for (int i = 0; i < 30; ++i)
    series.push_back("used{db=\"d" + std::to_string(i) + "\"} 1x10");
  const Explanation explanation = Scene(series).explained("used");
  CHECK(explanation.nodes[0].series == 30);
  CHECK(explanation.nodes[0].shown.size() == 10);
  CHECK_THAT(to_text(explanation), Contains("used   -> 30 series\n") && Contains("\n    and 20 more\n"));
}

TEST_CASE("a verdict names the place and the reason of nothing") {
  Scene scene({R"(locks{instance="a",mode="exclusive",job="p"} 3x10)",
               R"(locks{instance="a",mode="share",job="p"} 2x10)", R"(most{instance="a"} 100x10)",
               R"(young{instance="a"} _x9 5 5)", R"(old{instance="a"} 5 5)", R"(backup{instance="b"} 7x10)",
               R"(odd{instance="a"} NaNx10)"});
  const auto [expr, reason] = GENERATE(table<std::string, std::string>({
      {"lagg > 1", "no collector gives the metric 'lagg' (did you mean 'lag'?)"},
      {"bloat > 1", "there is no series of 'bloat': the collector 'table_bloat' is off"},
      {"lag > 1", "there is no series of 'lag': the collector 'replication' gave none"},
      {"locks{mode=\"AccessExclusive\"} > 0",
       "none of the 2 series of 'locks' has mode=\"AccessExclusive\": their mode is \"exclusive\", "
       "\"share\""},
      {"locks{mode=\"x\",job=\"y\"}", "none of the 2 series of 'locks' meets all of its conditions"},
      {"old", "its newest sample is 9m old"},
      {"rate(young[1m])", "rate() needs more samples: the window of the fullest of 1 series holds 1"},
      {"locks > 5", "none of 2 values is > 5: the nearest is 3, of {__name__=\"locks\""},
      {"1 > most", "none of 1 pair is >: the nearest is 1 against 100"},
      {"odd > 1", "none of 1 value is > 1: the nearest is NaN"},
      {"sum by (instance) (locks) / most{instance=\"b\"}",
       "`most{instance=\"b\"}` gives nothing: none of the 1"},
      {"most / locks{mode=\"share\"}",
       "no series on the left has a partner on the right: the left has "
       "{instance=\"a\"}, the right {instance=\"a\", job=\"p\", mode=\"share\"}"},
      {"most > on (instance) 50 * sum by (instance) (locks)",
       "none of 1 pair is >: the nearest is 100 against 250, of {__name__=\"most\", instance=\"a\"}"},
      {"most and on (instance) backup", "no series on the left has a partner on the right"},
      {"most unless on (instance) locks", "each of 1 series on the left has a partner on the right"},
      {"absent(most)", "the series are there, and absent() is about none"},
      {"most > 200 or backup < 1",
       "`most > 200` gives nothing: none of 1 value is > 200: the nearest is 100, of "
       "{__name__=\"most\", instance=\"a\"}; and `backup < 1` gives nothing: none"},
      {"topk(0, most)", "it gives nothing of what it is given"},
  }));
  INFO(expr);
  CHECK_THAT(scene.verdict(expr), Contains(reason));
}

TEST_CASE("an expression of too many parts is not explained") {
  std::string expr = "most";
  for (int i = 0; i < 40; ++i)
    expr += " + most";
  const Explanation explanation = Scene({"most 1x10"}).explained(expr);
  CHECK(explanation.nodes.empty());
  CHECK(explanation.verdict == "The expression has 81 parts, and only up to 64 are explained.");
}

TEST_CASE("a collection that failed is the reason") {
  Scene scene({});
  scene.failing = "replication";
  CHECK_THAT(scene.verdict("lag > 1"), Contains("the collector 'replication' failed: permission denied"));
}

TEST_CASE("an expression that fails says so at its part") {
  Scene scene({R"(a{x="1"} 1x10)", R"(a{x="2"} 1x10)", "b 1x10"});
  const Explanation explanation = scene.explained("b > on () a");
  CHECK_THAT(explanation.verdict, Contains("The expression fails: ") && Contains("many-to-many"));
  CHECK_THAT(explanation.nodes[0].error, Contains("many-to-many"));
  CHECK(explanation.nodes[1].error.empty());
}

TEST_CASE("a rule's test explains what its alerts have come to") {
  const Rule rule = rule_of(R"(
alert = "A"
expr = "v > 5"
for = "5m"
[[rule.test]]
series = ['v{db="x"} 7x20']
at = "3m"
firing = []
[[rule.test]]
series = ['v{db="x"} 7x20']
at = "6m"
firing = ['{db="x"}']
[[rule.test]]
series = ['v{db="x"} 4x20']
at = "6m"
firing = []
)");
  CHECK(explain_rule_test(rule, rule.tests[0]).verdict ==
        "The expression holds. {db=\"x\"} is pending since 1970-01-01T00:00:00Z: it was seen to hold for 3m "
        "of 5m "
        "and needs 2m more.");
  CHECK(explain_rule_test(rule, rule.tests[1]).verdict ==
        "The expression holds. {db=\"x\"} fires since 1970-01-01T00:05:00Z.");
  CHECK(explain_rule_test(rule, rule.tests[2]).verdict ==
        "The expression gives nothing: none of 1 value is > 5: the nearest is 4, of {__name__=\"v\", "
        "db=\"x\"}. "
        "So it does not fire.");
}

TEST_CASE("every test of the shipped rules can be explained, and the quiet ones say why") {
  const auto book = load_rules(shipped_rule_files(), {});
  REQUIRE(book);
  for (const Rule& rule : book->rules) {
    for (const RuleTest& test : rule.tests) {
      INFO(rule.name << " line " << test.line);
      const Explanation explanation = explain_rule_test(rule, test);
      CHECK(explanation.nodes.front().error.empty());
      if (!explanation.verdict.starts_with("The expression gives nothing")) continue;
      const bool has_reason = std::ranges::any_of(
          explanation.nodes, [](const ExplainedNode& node) { return !node.why_empty.empty(); });
      CHECK(has_reason);
      CHECK_THAT(explanation.verdict, !Contains("nothing: ."));
    }
  }
}
