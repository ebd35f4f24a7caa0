#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/regex/char_class.h"

namespace pgvigil::promql {

enum class RegexNodeKind : std::uint8_t {
  empty,
  character,   ///< one code point, in `character`
  char_class,  ///< one of a set, in `chars`
  begin_line,
  end_line,
  begin_text,
  end_text,
  word_boundary,
  no_word_boundary,
  sequence,     ///< children one after the other
  alternation,  ///< children in order of preference
  repetition,   ///< the child, `minimum` to `maximum` times (-1: without end), the most first when `greedy`
  group,        ///< the child, remembered as group `group`
};

/// A node of a parsed regular expression.
struct RegexNode {
  RegexNodeKind kind = RegexNodeKind::empty;
  char32_t character = 0;
  CharClass chars = {};
  int minimum = 0;
  int maximum = 0;
  bool greedy = true;
  std::size_t group = 0;
  std::vector<std::unique_ptr<RegexNode>> children = {};
};
using RegexNodePtr = std::unique_ptr<RegexNode>;

struct RegexSyntax {
  RegexNodePtr root;
  std::vector<std::string> group_names;  ///< of group 0 and the others; empty where a group has no name
};

/// Parses RE2's syntax; flags i, m, s, U; s is on to begin with. The error is in Go's words.
std::expected<RegexSyntax, std::string> parse_regex(std::string_view pattern);

}  // namespace pgvigil::promql
