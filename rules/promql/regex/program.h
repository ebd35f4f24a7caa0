#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/promql/regex/char_class.h"
#include "rules/promql/regex/regex.h"
#include "rules/promql/regex/syntax.h"

namespace pgvigil::promql {

enum class RegexOp : std::uint8_t { character, char_class, split, jump, save, assertion, match };

struct RegexInstruction {
  RegexOp op = RegexOp::match;
  std::uint32_t next = 0;   ///< split: the branch to prefer
  std::uint32_t other = 0;  ///< split: the other branch; save: the slot; char_class: index of the class
  char32_t character = 0;
  RegexNodeKind assertion = RegexNodeKind::empty;
};

/// A text to be found at the begin, at the end, somewhere or as the whole: what expressions such as `a.*` ask
/// for.
struct RegexShape {
  enum class Open : std::uint8_t { no, any, some };  ///< nothing else, .* or .+
  Open before = Open::no;
  std::string literal = {};
  Open after = Open::no;

  bool matches(std::string_view text) const;
};

/// The instructions of a regular expression for the virtual machine in match.cpp.
class RegexProgram {
 public:
  static std::expected<std::unique_ptr<const RegexProgram>, std::string> compile(const RegexSyntax& syntax);

  std::vector<RegexInstruction> instructions;
  std::vector<CharClass> classes;
  std::vector<std::string> group_names;
  std::optional<std::vector<std::string>> literals;  ///< the only texts that match, if they can be told
  std::optional<std::vector<RegexShape>>
      shapes;  ///< of which one must match, if the expression is that simple
};

enum class RegexAnchoring : std::uint8_t { whole_text, anywhere };

/// Runs the program over `text`. Groups are collected only when `groups` is given.
bool run_regex(const RegexProgram& program,
               std::string_view text,
               RegexAnchoring anchoring,
               RegexGroups* groups);

}  // namespace pgvigil::promql
