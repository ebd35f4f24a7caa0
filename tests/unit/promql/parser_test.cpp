#include "rules/promql/parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "rules/promql/duration.h"
#include "rules/promql/number.h"
#include "rules/promql/printer.h"

using namespace pgvigil::promql;

namespace {

std::string printed(std::string_view query) {
  Expected<ExprPtr> expr = parse_expression(query);
  return expr ? to_string(**expr) : "error: " + to_string(expr.error());
}

std::string error_of(std::string_view query) {
  Expected<ExprPtr> expr = parse_expression(query);
  return expr ? "" : to_string(expr.error());
}

}  // namespace

TEST_CASE("an expression is printed in its canonical spelling") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SUM (x) BY (a,b)", "sum by (a, b) (x)"},
      {"sum without()(x)", "sum without () (x)"},
      {"topk( 3 , x )", "topk(3, x)"},
      {"x{b='1',a!~\"2\",}", "x{a!~\"2\",b=\"1\"}"},
      {"{\"foo.bar\",\"a b\"=\"c\"}", "{\"a b\"=\"c\",\"foo.bar\"}"},
      {"rate(x[300]offset 60)", "rate(x[5m] offset 1m)"},
      {"x offset -5m @ 1.5", "x @ 1.500 offset -5m"},
      {"x @ end()", "x @ end()"},
      {"max_over_time(x[1h:] @ start())", "max_over_time(x[1h:] @ start())"},
      {"x[5m+step():1m]", "x[5m + step():1m]"},
      {"-a^2", "-a ^ 2"},
      {"1e3+0x10", "1000 + 16"},
      {"a>bool on(x)group_left(y)b", "a > bool on (x) group_left (y) b"},
      {"a and ignoring(z)b", "a and ignoring (z) b"},
      {"a + on() fill(0) b", "a + on () fill (0) b"},
      {"((a))", "((a))"},
      {"90m", "1h30m"},
  };
  for (const auto& [query, canonical] : cases) {
    CHECK(printed(query) == canonical);
    CHECK(printed(canonical) == canonical);
  }
}

TEST_CASE("errors have Prometheus's words and the place of the mistake") {
  CHECK(error_of("") == "1:1: parse error: no expression found in input");
  CHECK(error_of("sum(") == "1:5: parse error: unclosed left parenthesis");
  CHECK(error_of("foo bar") == "1:5: parse error: unexpected identifier \"bar\"");
  CHECK(error_of("1 +") == "1:4: parse error: unexpected end of input");
  CHECK(error_of("x{a=}") == "1:5: parse error: unexpected \"}\" in label matching, expected string");
  CHECK(error_of("{}") == "1:1: parse error: vector selector must contain at least one non-empty matcher");
  CHECK(error_of("rate(x)") ==
        "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector");
  CHECK(error_of("1 == 1") == "1:3: parse error: comparisons between scalars must use BOOL modifier");
  CHECK(error_of("nosuch(1)") == "1:1: parse error: unknown function with name \"nosuch\"");
  CHECK(error_of("(a + b)[5m]") == "1:8: parse error: ranges only allowed for vector selectors");
  CHECK(error_of("x offset 1m offset 2m") == "1:1: parse error: offset may not be set multiple times");
  CHECK(error_of("a\n  + on(l) group_left(l) b") ==
        "2:3: parse error: label \"l\" must not occur in ON and GROUP clause at once");
  CHECK(error_of("x{a=~\"(\"}") == "1:3: parse error: error parsing regexp: missing closing ): `(`");
  CHECK(error_of("x[0s]") == "1:3: parse error: duration must be greater than 0");
}

TEST_CASE("what the engine leaves out is told as unsupported") {
  for (std::string_view query : {"histogram_count(x)", "info(x)", "x </ 5"}) {
    Expected<ExprPtr> expr = parse_expression(query);
    REQUIRE_FALSE(expr);
    CHECK(expr.error().fault == Fault::unsupported);
    CHECK_THAT(to_string(expr.error()), Catch::Contains("not supported"));
  }
}

TEST_CASE("nesting, chains and length have limits") {
  auto fault_of = [](const std::string& query) {
    Expected<ExprPtr> expr = parse_expression(query);
    REQUIRE_FALSE(expr);
    return expr.error().fault;
  };
  std::string parentheses = std::string(5000, '(') + "x" + std::string(5000, ')');
  CHECK(fault_of(parentheses) == Fault::limit);
  CHECK(fault_of(std::string(5000, '-') + "x") == Fault::limit);
  std::string chain = "x";
  for (int i = 0; i < 5000; ++i)
    chain += "+x";
  CHECK(fault_of(chain) == Fault::limit);
  std::string durations = "x[1m";
  for (int i = 0; i < 5000; ++i)
    durations += "+1m";
  CHECK(fault_of(durations + "]") == Fault::limit);
  CHECK(fault_of(std::string(70'000, 'x')) == Fault::limit);
  CHECK(parse_expression(std::string(100, '(') + "x" + std::string(100, ')')));
}

TEST_CASE("a selector gives its matchers") {
  auto matchers = parse_selector("up{job=~\"a|b\"}");
  REQUIRE(matchers);
  REQUIRE(matchers->size() == 2);
  CHECK((*matchers)[0].regex()->literals() == std::vector<std::string>{"a", "b"});
  CHECK((*matchers)[1].value() == "up");
  CHECK_FALSE(parse_selector("up + 1"));
}

TEST_CASE("a long expression is printed over several lines") {
  auto expr = parse_expression(
      "sum by (instance) (rate(pg_stat_database_xact_commit[5m])) / on (instance) max by (instance) "
      "(pg_settings_max_connections) > 0.8");
  REQUIRE(expr);
  CHECK(to_pretty_string(**expr) ==
        "    sum by (instance) (rate(pg_stat_database_xact_commit[5m]))\n"
        "  / on (instance)\n"
        "    max by (instance) (pg_settings_max_connections)\n"
        ">\n"
        "  0.8");
}

TEST_CASE("durations and numbers are read and written as Prometheus does") {
  CHECK(parse_duration("1h30m") == 5'400'000);
  CHECK(parse_duration("1y2w3d4h5m6s7ms") == 33'019'506'007);
  CHECK(parse_duration("5m1h").error() == "not a valid duration string: \"5m1h\"");
  CHECK(parse_duration("").error() == "empty duration string");
  CHECK(parse_duration("999999999y").error() == "duration out of range");
  CHECK(format_duration(604'800'000) == "1w");
  CHECK(format_duration(604'800'000 + 3'600'000) == "7d1h");
  CHECK(format_general(1e21) == "1e+21");
  CHECK(format_general(123456789.0) == "1.23456789e+08");
  CHECK(format_fixed(0.1) == "0.1");
}
