#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "agent/commands/commands.h"
#include "agent/commands/print.h"
#include "agent/commands/rules_book.h"
#include "agent/commands/rules_explain.h"
#include "agent/commands/rules_export.h"
#include "agent/commands/rules_import.h"
#include "collectors/model/quantity.h"
#include "rules/rule_test.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_usage =
    R"(Looks at alert rules. Needs no server, and no running agent but to explain what it sees.

usage: pgvigil rules check [FILE...]     reads the shipped rules and the files, and says what is wrong or likely to be
       pgvigil rules list [FILE...]      the rules, a line each
       pgvigil rules test [FILE...]      runs the tests that the rules carry
       pgvigil rules explain NAME [--url URL] [--format text|json]
                                                            why it fires in a running agent, or does not
       pgvigil rules explain NAME --test N [FILE...]        why it fires at the end of its Nth test, or does not
       pgvigil rules export --format prometheus|operator|promtool [--name NAME] [FILE...]
       pgvigil rules import FILE.yml... [--output FILE]     Prometheus's rules, or PrometheusRules, as TOML

  FILE            TOML with rules of your own and overrides of shipped ones; see docs/rules.md
  --url URL       where pgvigil runs (http://127.0.0.1:9187)
  --format        prometheus: a rule file; operator: a PrometheusRule; promtool: the rules' tests, for
                  `promtool test rules`
  --name NAME     of the PrometheusRule (pgvigil), or of the rule file that the tests name (rules.yml)

  FILE.yml        a rule file of Prometheus, or the YAML of PrometheusRules
  --output FILE   where the TOML goes, instead of standard output

exit status: 0 all is well; 1 a warning (check, import), something that could not be imported as it is, or a failed
test; 2 a mistake in a file
)";

int check(const rules::RuleBook& book) {
  print(book.warnings, stdout);
  const auto on = std::ranges::count_if(book.rules, &rules::Rule::enabled);
  fmt::print("{} rules, {} of them on; {} warnings\n", book.rules.size(), on, book.warnings.size());
  return book.warnings.empty() ? 0 : 1;
}

int list(const rules::RuleBook& book) {
  std::vector<std::vector<std::string>> rows = {{"rule", "state", "severity", "for", "group", "parameters"}};
  for (const rules::Rule& rule : book.rules) {
    std::string parameters;
    for (const rules::Parameter& parameter : rule.parameters)
      parameters += (parameters.empty() ? "" : ", ") + parameter.name + " = " + parameter.written;
    rows.push_back({rule.name, rule.enabled ? "on" : "off", rule.label("severity"),
                    rule.hold_for.count() == 0 ? "" : duration_text(rule.hold_for), rule.group, parameters});
  }
  fmt::print("{}", aligned(rows));
  return 0;
}

int test(const rules::RuleBook& book) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (const rules::Rule& rule : book.rules) {
    for (const rules::RuleTest& one : rule.tests) {
      const auto difference = run_rule_test(rule, one);
      ++(difference ? failed : passed);
      if (!difference) continue;
      fmt::print("{}:{}: {}{}: {}\n", rule.file, one.line, rule.name,
                 one.name.empty() ? "" : " (" + one.name + ")", *difference);
    }
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int export_rules(const rules::RuleBook& book,
                 std::string_view format,
                 const std::optional<std::string>& name) {
  if (format == "operator")
    fmt::print("{}", as_operator_resource(book.rules, name.value_or("pgvigil")));
  else if (format == "promtool")
    fmt::print("{}", as_promtool_tests(book.rules, name.value_or("rules.yml")));
  else
    fmt::print("{}", as_prometheus(book.rules));
  return 0;
}

int rules_command(Arguments arguments) {
  const auto what = arguments.word();
  if (what == "explain") return explain_rule_command(std::move(arguments));
  if (what == "import") return import_rules_command(std::move(arguments));
  const auto format = arguments.option("--format");
  const auto name = arguments.option("--name");
  const bool known = what == "check" || what == "list" || what == "test" || what == "export";
  if (!known)
    return wrong_usage("rules", what ? "there is no '" + *what + "' of rules" : "what about the rules?");
  if (what == "export" && format != "prometheus" && format != "operator" && format != "promtool")
    return wrong_usage("rules", "export wants --format prometheus, operator or promtool");
  if (what != "export" && (format || name)) return wrong_usage("rules", "--format and --name are for export");
  const auto book = load_rule_book(arguments);
  if (const auto complaint = arguments.complaint(); !complaint.empty())
    return wrong_usage("rules", complaint);
  if (!book) return 2;
  if (what == "check") return check(*book);
  if (what == "list") return list(*book);
  if (what == "test") return test(*book);
  return export_rules(*book, *format, name);
}

}  // namespace

const Command k_rules_command{"rules", "check, list, test, export and import alert rules", k_usage,
                              rules_command};

}  // namespace pgvigil::agent
