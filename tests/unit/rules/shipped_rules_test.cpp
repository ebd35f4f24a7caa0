#include <catch2/catch.hpp>

#include "agent/runtime/metric_catalog.h"
#include "collectors/catalog.h"
#include "rules/history/needs.h"
#include "rules/rule_file.h"
#include "rules/rule_test.h"

using namespace pgvigil;
using namespace pgvigil::rules;

namespace {

RuleBook shipped() {
  const auto definitions = collectors::load_catalog({});
  REQUIRE(definitions);
  const MetricCatalog catalog = agent::metric_catalog(*definitions);
  auto book = load_rules(shipped_rule_files(), {}, &catalog);
  if (!book) FAIL(to_string(book.error().front()));
  return std::move(*book);
}

}  // namespace

TEST_CASE("no lint has anything to say about the shipped rules", "[shipped_rules]") {
  for (const Diagnostic& warning : shipped().warnings)
    FAIL_CHECK(to_string(warning));
}

TEST_CASE("every shipped alert says what it is about and what to do", "[shipped_rules]") {
  for (const Rule& rule : shipped().rules) {
    CAPTURE(rule.name);
    const auto annotation = [&](std::string_view name) {
      const auto found = std::ranges::find(rule.annotations, name, &NamedTemplate::name);
      return found == rule.annotations.end() ? "" : found->text;
    };
    const std::string severity = rule.label("severity");
    CHECK((severity == "critical" || severity == "warning" || severity == "info" || rule.name == "Watchdog"));
    CHECK_FALSE(annotation("summary").empty());
    CHECK((annotation("description").ends_with('.') || annotation("description").ends_with('?')));
    CHECK_FALSE(annotation("summary").ends_with('.'));
  }
}

TEST_CASE("every shipped rule fires in a test, stays quiet in another, and passes both", "[shipped_rules]") {
  const RuleBook book = shipped();
  CHECK(book.rules.size() >= 50);
  for (const Rule& rule : book.rules) {
    CAPTURE(rule.name);
    std::size_t firing = 0;
    std::size_t quiet = 0;
    for (const RuleTest& test : rule.tests) {
      CAPTURE(test.line);
      CHECK(run_rule_test(rule, test).value_or("") == "");
      ++(test.firing->empty() ? quiet : firing);
    }
    CHECK(firing > 0);
    CHECK((quiet > 0 || rule.name == "Watchdog"));
  }
}

TEST_CASE("an hour and a quarter of history is enough for the shipped rules", "[shipped_rules]") {
  HistoryNeeds needs;
  for (const Rule& rule : shipped().rules)
    needs.add(*rule.expr.tree);
  CHECK(needs.longest() <= std::chrono::minutes{75});
  CHECK(needs.wants("pg_stat_database_deadlocks"));
  CHECK_FALSE(needs.wants("pg_up"));
}
