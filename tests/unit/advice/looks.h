#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/advice/catalog.h"

/// Looks at servers that are written down, for the tests of the advisors.
namespace pgvigil::tests {

inline constexpr std::chrono::seconds k_now{1'800'000'000};

/// A row: labels and metrics by name.
struct LiteralRow {
  std::map<std::string, std::string> labels;
  std::map<std::string, double> values;
};

/// A table with every label and metric that one of the rows has.
std::shared_ptr<const Table> table_of(const std::vector<LiteralRow>& rows);

/// A look at k_now, by role pgvigil, with the tables of these collectors.
rules::advice::Look look_of(const std::map<std::string, std::vector<LiteralRow>>& tables);

/// What the advisor of this kind finds, with the thresholds that ship: "schema.name" or the name, in its
/// order, separated by spaces. What is not proven yet stands in parentheses; "blind: why" when it could not
/// look.
std::string findings(std::string_view kind, const rules::advice::Look& look);

/// The same with its pieces.
rules::advice::Opinion opinion(std::string_view kind, const rules::advice::Look& look);

}  // namespace pgvigil::tests
