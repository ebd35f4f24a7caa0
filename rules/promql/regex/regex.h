#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::promql {

class RegexProgram;

/// Where a group matched: [begin, end) in bytes; absent when the group took no part.
struct RegexGroup {
  std::size_t begin = 0;
  std::size_t end = 0;
};
using RegexGroups = std::vector<std::optional<RegexGroup>>;

/// A regular expression in the syntax of RE2 and Go, matched against a whole text in time linear in its
/// length (R. Cox, "Regular Expression Matching: the Virtual Machine Approach"); no recursion, no
/// backtracking. Left out: Unicode classes (\pL, \p{Greek}); case folding knows Latin, Greek and Cyrillic.
/// Immutable: threads may share it.
class Regex {
 public:
  /// The error is in Go's words: "missing closing ): `(a`".
  static std::expected<Regex, std::string> compile(std::string_view pattern);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Whether the whole of `text` matches; `.` matches a line break, as in Prometheus's matchers.
  bool matches(std::string_view text) const;
  /// The groups of a match of the whole of `text`, group 0 first; nothing when it does not match.
  std::optional<RegexGroups> match_groups(std::string_view text) const;
  /// Whether `text` matches somewhere.
  bool found_in(std::string_view text) const;

  /// Replaces $1, ${1}, $name, ${name} and $$ in `replacement` by the groups of `text`, as Go's Expand does:
  /// the longest name counts, an unknown one is empty.
  std::string expand(std::string_view replacement, std::string_view text, const RegexGroups& groups) const;

  /// The only texts that match, when the expression is an alternation of literals ("a|b"); else nothing.
  const std::optional<std::vector<std::string>>& literals() const;

 private:
  explicit Regex(std::unique_ptr<const RegexProgram> program);
  std::unique_ptr<const RegexProgram> program_;
};

}  // namespace pgvigil::promql
