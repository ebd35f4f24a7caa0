#include "agent/commands/rules_explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/commands/rules_book.h"
#include "agent/http/client.h"
#include "rules/explain/explain_text.h"
#include "rules/rule_test.h"

namespace pgvigil::agent {
namespace {

constexpr std::chrono::seconds k_timeout{150};

int explain_test(const rules::RuleBook& book, const std::string& name, const std::string& number) {
  const auto rule = std::ranges::find(book.rules, name, &rules::Rule::name);
  if (rule == book.rules.end()) {
    fmt::print(stderr, "pgvigil rules: there is no rule '{}'\n", name);
    return 2;
  }
  std::size_t place = 0;
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), place);
  if (fault != std::errc{} || *end != '\0' || place < 1 || place > rule->tests.size()) {
    fmt::print(stderr, "pgvigil rules: '{}' has {} tests, and '{}' is none of them\n", name,
               rule->tests.size(), number);
    return 2;
  }
  const rules::RuleTest& test = rule->tests[place - 1];
  fmt::print("{}, test {} at {}:{}\n{}\n\n{}", name, place, rule->file, test.line, rule->expr.text,
             to_text(explain_rule_test(*rule, test)));
  return 0;
}

/// The words of an error of the API; the answer as it is when it is none.
std::string error_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  return json.is_object() && json.contains("error") && json["error"].is_string()
             ? json["error"].get<std::string>()
             : body;
}

int explain_now(const std::string& name, const std::string& url, const std::string& format) {
  const auto fetched =
      post_form(url, "/api/v1/rules/explain", {{"rule", name}, {"format", format}}, k_timeout);
  if (!fetched) {
    fmt::print(stderr, "pgvigil rules: {}\n{}\n", fetched.error().message, fetched.error().hint);
    return 2;
  }
  if (fetched->status != 200) {
    fmt::print(stderr, "pgvigil rules: {}\n", error_of(fetched->body));
    return 1;
  }
  fmt::print("{}{}", fetched->body, fetched->body.ends_with('\n') ? "" : "\n");
  return 0;
}

}  // namespace

int explain_rule_command(Arguments arguments) {
  const auto name = arguments.word();
  const auto test = arguments.option("--test");
  const auto url = arguments.option("--url");
  const auto format = arguments.option("--format");
  if (!name) return wrong_usage("rules", "explain which rule?");
  if (test && (url || format))
    return wrong_usage("rules", "--test needs no agent, and so no --url and --format");
  if (format && format != "text" && format != "json") return wrong_usage("rules", "--format is text or json");
  if (!test) {
    if (const auto complaint = arguments.complaint(); !complaint.empty())
      return wrong_usage("rules", complaint);
    return explain_now(*name, url.value_or("http://127.0.0.1:9187"), format.value_or("text"));
  }
  const auto book = load_rule_book(arguments);
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("rules", complaint);
  return book ? explain_test(*book, *name, *test) : 2;
}

}  // namespace pgvigil::agent
