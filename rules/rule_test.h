#pragma once

#include <optional>
#include <string>

#include "rules/explain/explain.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// Runs one test of `rule`: loads its series, evaluates the rule from time 0 to the test's time, one interval
/// after the other, as promtool does, and compares. Says what differs; nothing when all is as expected.
std::optional<std::string> run_rule_test(const Rule& rule, const RuleTest& test);

/// The alerts of a test as they come out, for exports: what is active at its time.
struct TestedAlert {
  promql::LabelsPtr labels;
  std::vector<std::pair<std::string, std::string>> annotations;
};
std::vector<TestedAlert> firing_at_end(const Rule& rule, const RuleTest& test);

/// Why the rule fires at the end of a test, or does not.
Explanation explain_rule_test(const Rule& rule, const RuleTest& test);

}  // namespace pgvigil::rules
