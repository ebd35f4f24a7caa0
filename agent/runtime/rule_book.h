#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "collectors/model/diagnostic.h"
#include "rules/rule.h"

namespace pgvigil::agent {

/// The rules that a configuration puts in force.
struct JudgedRules {
  std::vector<rules::Rule> rules;                                ///< those that are on, without their tests
  Diagnostics warnings;                                          ///< of the user's files
  std::map<std::string, std::string, std::less<>> collector_of;  ///< of each metric that one of them reads
};

/// The shipped rules and those of the user's folders. Every mistake is reported with its place.
std::expected<JudgedRules, Diagnostics> load_judged_rules(const Config& config);

}  // namespace pgvigil::agent
