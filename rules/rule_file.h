#pragma once

#include <expected>
#include <string>
#include <vector>

#include "collectors/model/diagnostic.h"
#include "rules/metric_catalog.h"
#include "rules/rule.h"

namespace pgvigil::rules {

/// A file of rules: its name as messages show it, and its TOML.
struct RuleFile {
  std::string name;
  std::string text;
};

/// All rules, in the order of their files, and what a person should look at.
struct RuleBook {
  std::vector<Rule> rules;
  Diagnostics warnings;
};

/// Reads all files wholly. A user's file adds rules, replaces a shipped one of the same name, or overrides
/// parts of one ([override.NAME]). Every mistake is reported with its place; nothing is returned when there
/// is one. What parses and yet is likely to be wrong (lint.h) is a warning; metrics are looked up in
/// `catalog` when there is one. See docs/rules.md for the format.
std::expected<RuleBook, Diagnostics> load_rules(const std::vector<RuleFile>& shipped,
                                                const std::vector<RuleFile>& user,
                                                const MetricCatalog* catalog = nullptr);

/// The rule files that are part of the program.
std::vector<RuleFile> shipped_rule_files();

}  // namespace pgvigil::rules
