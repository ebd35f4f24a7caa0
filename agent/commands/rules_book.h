#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/commands/command.h"
#include "rules/rule_file.h"

namespace pgvigil::agent {

/// The whole text of a file; nothing, and a line on standard error, when it cannot be read.
std::optional<std::string> read_rule_file(const std::string& path);

/// The shipped rules with those of `files`, linted against what the collectors can give. Mistakes are
/// printed.
std::optional<rules::RuleBook> load_rule_book(const std::vector<rules::RuleFile>& files);

/// The same with the files that the remaining words name.
std::optional<rules::RuleBook> load_rule_book(Arguments& arguments);

}  // namespace pgvigil::agent
