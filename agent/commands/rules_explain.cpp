#include "agent/commands/rules_explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "agent/commands/rules_book.h"
#include "rules/explain/explain_text.h"
#include "rules/rule_test.h"

namespace pgvigil::agent {
namespace {

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

}  // namespace

int explain_rule_command(Arguments arguments) {
  const auto name = arguments.word();
  const auto test = arguments.option("--test");
  if (!name || !test) return wrong_usage("rules", "explain wants the name of a rule, and --test N");
  const auto book = load_rule_book(arguments);
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("rules", complaint);
  return book ? explain_test(*book, *name, *test) : 2;
}

}  // namespace pgvigil::agent
