#pragma once

#include <optional>
#include <string>

#include "collectors/toml/document.h"
#include "rules/metric_catalog.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// Where mistakes and warnings go. Sections report to `mistakes` alone.
struct Reports {
  Diagnostics& mistakes;
  Diagnostics& warnings;

  /// Makes what was reported since `before` mistakes a warning.
  void as_warnings(std::size_t before);
};

/// What a [[rule]] takes from its file.
struct RuleContext {
  std::string file;
  std::string group;  ///< when the rule names none
  const std::vector<std::pair<std::string, std::chrono::milliseconds>>&
      intervals;  ///< of groups that set one
  const MetricCatalog* catalog;
};

/// Reads one [[rule]], with the [override.NAME] of the user when there is one. Nothing when it is so wrong
/// that there is no rule; every mistake is reported.
std::optional<Rule> parse_rule(Section section,
                               std::optional<Section> overrides,
                               const RuleContext& context,
                               Reports& reports);

/// Reads one [[rule.test]].
RuleTest parse_rule_test(Section section, RuleKind kind);

}  // namespace pgvigil::rules
