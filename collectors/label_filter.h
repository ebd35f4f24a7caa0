#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::collectors {

/// Leaves rows out by the text of one label: it must match one of `include`, unless that is empty, and none
/// of `exclude`. Patterns are globs (fnmatch).
struct LabelFilter {
  std::string label;
  std::vector<std::string> include;
  std::vector<std::string> exclude;

  bool lets_pass(std::string_view text) const;
  bool operator==(const LabelFilter&) const = default;
};

/// The names that a list of globs chooses, in their order: one that begins with '!' takes names out again.
/// A list of nothing but exclusions begins with all names.
std::vector<std::string> chosen_by(const std::vector<std::string>& globs,
                                   const std::vector<std::string>& names);

}  // namespace pgvigil::collectors
