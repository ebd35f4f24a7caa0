#pragma once

#include <vector>

#include "rules/rule_file.h"

namespace pgvigil::rules::advice {

/// The files of thresholds that are part of the program.
std::vector<RuleFile> shipped_threshold_files();

}  // namespace pgvigil::rules::advice
