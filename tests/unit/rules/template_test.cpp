#include "rules/template/template.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "rules/promql/engine.h"
#include "rules/promql/memory_storage.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"

using namespace pgvigil;
using namespace pgvigil::rules;

namespace {

/// The data of the fixtures.
TemplateData data_of(double value) {
  static promql::MemoryStorage storage = [] {
    promql::MemoryStorage filled;
    const std::vector<promql::Point> seven = {{0, 7}};
    const std::vector<promql::Point> three = {{0, 3}};
    filled.append(promql::Labels::make({{"__name__", "busy"}, {"datname", "app"}}), seven);
    filled.append(promql::Labels::make({{"__name__", "busy"}, {"datname", "billing"}}), three);
    return filled;
  }();
  TemplateData data;
  data.labels = promql::Labels::make(
      {{"__name__", "v"}, {"datname", "app"}, {"instance", "db1:5432"}, {"odd", "a<b> \"c\""}});
  data.external_labels = promql::Labels::make({{"cluster", "prod"}});
  data.value = value;
  data.query = [](std::string_view text) -> promql::Expected<promql::Vector> {
    const auto expr = promql::parse_expression(text);
    if (!expr) return std::unexpected(expr.error());
    auto result = promql::evaluate_instant(**expr, storage, 0);
    if (!result) return std::unexpected(result.error());
    return std::get<promql::Vector>(result->value);
  };
  return data;
}

/// The text, or the error with its place.
std::string rendered(std::string_view text, double value = 1) {
  const auto parsed = Template::parse(text);
  if (!parsed) return std::to_string(parsed.error().offset) + ": " + parsed.error().message;
  const auto result = parsed->render(data_of(value));
  return result ? *result : std::to_string(result.error().offset) + ": " + result.error().message;
}

nlohmann::json fixtures() {
  std::ifstream file(PGVIGIL_SOURCE_DIR "/tests/fixtures/rules/templates.json");
  return nlohmann::json::parse(file).at("cases");
}

}  // namespace

TEST_CASE("annotations come out as Prometheus renders them", "[template]") {
  const auto cases = fixtures();
  CHECK(cases.size() > 60);
  for (const auto& one : cases) {
    const auto text = one.at("template").get<std::string>();
    CAPTURE(text);
    CHECK(rendered(text, promql::parse_number(one.at("value").get<std::string>()).value()) ==
          one.at("text").get<std::string>());
  }
}

TEST_CASE("a mistake in a template is told with its place", "[template]") {
  CHECK(rendered("a {{ $value") == "2: an action that is not closed with '}}'");
  CHECK(rendered("{{ $lables.x }}") == "3: undefined variable '$lables'");
  CHECK(rendered("{{ $value | humanise }}") == "12: there is no function 'humanise'");
  CHECK(rendered("{{ $value | tableLink }}") == "12: the function 'tableLink' is not supported");
  CHECK(rendered("{{ if $value }}x") == "0: 'if' without its end");
  CHECK(rendered("x{{ end }}") == "1: unexpected 'end'");
  CHECK(rendered("{{ if true }}{{ else }}{{ else }}{{ end }}") == "23: a second else");
  CHECK(rendered("{{ define \"x\" }}{{ end }}") == "0: 'define' is not supported");
  CHECK(rendered("{{ (1 }}") == "3: '(' without its ')'");
  CHECK(rendered("{{ \"open }}") == "3: a string that is not closed");
  CHECK(rendered("{{ 1x }}") == "3: bad number '1x'");
  CHECK(rendered("{{ }}") == "5: a value is missing");
  CHECK(rendered("{{ $value | $value }}") == "12: only a function can stand after '|'");
  CHECK(rendered("{{ $value 1 }}") == "10: only a function takes arguments");
  CHECK(rendered("{{ break }}") == "0: 'break' outside of a range");
  CHECK(rendered("{{ /* open }}") == "0: a comment that is not closed");
  CHECK(rendered("{{ # }}") == "3: unexpected \"#\"");
}

TEST_CASE("a mistake while rendering is told with its place", "[template]") {
  CHECK(rendered("{{ query \"nothing\" | first }}") ==
        "21: error calling first: first() called on vector with no elements");
  CHECK(rendered("{{ query \"sum(\" }}").starts_with("3: error calling query: 1:5: parse error: "));
  CHECK(rendered("{{ \"x\" | humanize }}") == "9: error calling humanize: cannot read \"x\" as a number");
  CHECK(rendered("{{ if gt $value 1 }}{{ end }}") ==
        "6: error calling gt: incompatible types for comparison");
  CHECK(rendered("{{ humanize }}") == "3: wrong number of arguments for 'humanize': 0");
  CHECK(rendered("{{ range $value }}{{ end }}") == "9: range can't iterate over a float64");
  CHECK(rendered("{{ $value.x }}") == "3: there is no field x in a value of type float64");
  CHECK(rendered("{{ index (query \"busy\") 2 }}") == "3: error calling index: index out of range: 2");
  CHECK(rendered("{{ humanizeTimestamp 1e300 }}") ==
        "3: error calling humanizeTimestamp: a time that is out of range");
}

TEST_CASE("break and continue leave a range and a round of it", "[template]") {
  CHECK(rendered("{{ range query \"sort(busy)\" }}{{ .Value }}{{ break }}{{ end }}") == "3");
  CHECK(rendered("{{ range query \"sort(busy)\" }}{{ if eq .Value 3.0 }}{{ continue }}{{ end }}{{ .Value "
                 "}}{{ end }}") == "7");
}

TEST_CASE("a template tells what it reads", "[template]") {
  const auto parsed = Template::parse(
      "{{ $labels.a }}{{ if (eq $labels.b \"x\") }}{{ with query \"up\" }}{{ . | first | value }}{{ end }}{{ "
      "end }}");
  REQUIRE(parsed);
  CHECK(parsed->labels() == std::vector<std::string>{"a", "b"});
  CHECK(parsed->queries() == std::vector<std::string>{"up"});
  CHECK_FALSE(parsed->reads_value());
  CHECK(Template::parse("{{ printf \"%f\" $value }}")->reads_value());
  CHECK(Template::parse("{{ .Value }}")->reads_value());
}

TEST_CASE("a hostile template ends with an error", "[template]") {
  std::string deep;
  for (int i = 0; i < 1000; ++i)
    deep += "{{if 1}}";
  CHECK(rendered(deep).ends_with("blocks are nested too deeply"));
  CHECK(rendered("{{ " + std::string(1000, '(')).ends_with("not closed with '}}'"));
  CHECK(rendered("{{ " + std::string(1000, '(') + " }}").ends_with("parentheses are nested too deeply"));
  CHECK(rendered(std::string(20'000, 'x')).ends_with("longer than 16 KiB"));
  std::string loops = "{{ $s := printf \"%1000s\" \"x\" }}";
  for (int i = 0; i < 20; ++i)
    loops += "{{ range query \"busy\" }}";
  loops += "{{ $s }}";
  for (int i = 0; i < 20; ++i)
    loops += "{{ end }}";
  CHECK(rendered(loops) == "0: the text is longer than 64 KiB");
}

TEST_CASE("damaged templates give an error or a text, never a crash", "[template]") {
  const auto cases = fixtures();
  std::mt19937 random(5);
  constexpr std::string_view k_pieces[] = {"{{", "}}", "{{-", "-}}", "end", "else",  "(",
                                           ")",  "|",  "\"",  "$",   ".",   "range", "%"};
  std::size_t errors = 0;
  for (int round = 0; round < 5000; ++round) {
    auto text = cases[random() % cases.size()].at("template").get<std::string>();
    for (unsigned i = 0; i < 1 + random() % 3; ++i) {
      const std::size_t place = text.empty() ? 0 : random() % text.size();
      if (random() % 2 == 0)
        text.insert(place, k_pieces[random() % std::size(k_pieces)]);
      else
        text.erase(place, 1 + random() % 4);
    }
    const auto parsed = Template::parse(text);
    if (!parsed) CHECK(parsed.error().offset <= text.size());
    if (!parsed || !parsed->render(data_of(2))) ++errors;
  }
  CHECK(errors > 500);
}
