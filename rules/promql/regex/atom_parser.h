#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rules/promql/regex/syntax.h"

namespace pgvigil::promql {

/// What the flags (?imsU) hold.
struct RegexFlags {
  bool ignore_case = false;
  bool multi_line = false;
  bool dot_matches_line_break = true;
  bool swap_greed = false;
};

using ParsedNode = std::expected<RegexNodePtr, std::string>;

RegexNodePtr node_of(RegexNodeKind kind);
inline bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

/// The part of the parser that reads single characters, escapes and classes.
class AtomParser {
 public:
  explicit AtomParser(std::string_view pattern) : pattern_(pattern) {}

 protected:
  bool at_end() const { return position_ >= pattern_.size(); }
  char peek() const { return at_end() ? '\0' : pattern_[position_]; }
  bool looking_at(std::string_view text) const { return pattern_.substr(position_).starts_with(text); }
  bool accept(std::string_view text) {
    if (!looking_at(text)) return false;
    position_ += text.size();
    return true;
  }
  char32_t next_character();
  std::string_view since(std::size_t begin) const { return pattern_.substr(begin, position_ - begin); }
  static std::unexpected<std::string> error(std::string_view what, std::string_view where) {
    return std::unexpected(std::string(what) + ": `" + std::string(where) + "`");
  }

  /// The node of a character, in both cases when case does not count.
  RegexNodePtr literal(char32_t character) const;
  /// The node of a dot.
  RegexNodePtr any_character() const;
  /// After a backslash: a class, an assertion or a character.
  ParsedNode parse_escape();
  /// [...]
  ParsedNode parse_class();

  std::string_view pattern_;
  std::size_t position_ = 0;
  RegexFlags flags_;

 private:
  std::optional<char32_t> parse_character_escape();
  std::optional<char32_t> parse_octal();
  std::optional<char32_t> parse_hexadecimal();
  std::optional<char32_t> class_character();
  /// One item of a class: a character, a range or a named class. Says what is wrong with it, if something is.
  std::optional<std::string> parse_class_item(CharClass& chars);
  std::optional<std::string> parse_posix_class(CharClass& chars, std::size_t end);
};

}  // namespace pgvigil::promql
