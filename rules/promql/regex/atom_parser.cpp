#include "rules/promql/regex/atom_parser.h"

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr char32_t k_last_code_point = 0x10FFFF;

RegexNodePtr class_node(CharClass chars) {
  RegexNodePtr node = node_of(RegexNodeKind::char_class);
  chars.normalise();
  node->chars = std::move(chars);
  return node;
}

std::optional<RegexNodeKind> assertion_of(char letter) {
  switch (letter) {
    case 'A':
      return RegexNodeKind::begin_text;
    case 'z':
      return RegexNodeKind::end_text;
    case 'b':
      return RegexNodeKind::word_boundary;
    case 'B':
      return RegexNodeKind::no_word_boundary;
    default:
      return std::nullopt;
  }
}

}  // namespace

RegexNodePtr node_of(RegexNodeKind kind) {
  auto node = std::make_unique<RegexNode>();
  node->kind = kind;
  return node;
}

char32_t AtomParser::next_character() {
  DecodedCharacter character = decode_utf8(pattern_, position_);
  position_ += character.width;
  return character.code_point;
}

RegexNodePtr AtomParser::literal(char32_t character) const {
  char32_t other = flags_.ignore_case ? other_case(character) : character;
  if (other != character) {
    CharClass both;
    both.add(character, character);
    both.add(other, other);
    return class_node(std::move(both));
  }
  RegexNodePtr node = node_of(RegexNodeKind::character);
  node->character = character;
  return node;
}

RegexNodePtr AtomParser::any_character() const {
  CharClass chars;
  if (flags_.dot_matches_line_break) {
    chars.add(0, k_last_code_point);
  } else {
    chars.add(0, '\n' - 1);
    chars.add('\n' + 1, k_last_code_point);
  }
  return class_node(std::move(chars));
}

ParsedNode AtomParser::parse_escape() {
  std::size_t begin = position_++;
  if (at_end()) return std::unexpected("trailing backslash at end of expression: ``");
  char letter = pattern_[position_];
  if (std::optional<RegexNodeKind> assertion = assertion_of(letter)) {
    ++position_;
    return node_of(*assertion);
  }
  if (CharClass chars = perl_class(letter); !chars.ranges().empty()) {
    ++position_;
    return class_node(std::move(chars));
  }
  if (letter == 'p' || letter == 'P') {
    return error("unicode character classes are not supported", pattern_.substr(begin, 3));
  }
  std::optional<char32_t> character = parse_character_escape();
  if (!character) return error("invalid escape sequence", pattern_.substr(begin, 2));
  return literal(*character);
}

/// After the backslash: a code point written as an escape.
std::optional<char32_t> AtomParser::parse_character_escape() {
  constexpr std::string_view k_letters = "aftnrv";
  constexpr std::string_view k_controls = "\a\f\t\n\r\v";
  char letter = pattern_[position_];
  if (std::size_t i = k_letters.find(letter); i != k_letters.npos) {
    ++position_;
    return static_cast<char32_t>(k_controls[i]);
  }
  if (letter == 'x') return parse_hexadecimal();
  if (letter == '0' || (letter >= '1' && letter <= '7' && position_ + 1 < pattern_.size() &&
                        pattern_[position_ + 1] >= '0' && pattern_[position_ + 1] <= '7')) {
    return parse_octal();
  }
  bool punctuation =
      !is_digit(letter) && !is_plain_label_name({&letter, 1}) && static_cast<unsigned char>(letter) < 0x80;
  if (letter == '_' || punctuation) {
    ++position_;
    return static_cast<char32_t>(letter);
  }
  return std::nullopt;
}

std::optional<char32_t> AtomParser::parse_octal() {
  char32_t value = 0;
  for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, ++position_) {
    value = value * 8 + static_cast<char32_t>(peek() - '0');
  }
  return value;
}

std::optional<char32_t> AtomParser::parse_hexadecimal() {
  ++position_;
  bool braces = accept("{");
  char32_t value = 0;
  int digits = 0;
  for (; !at_end() && (braces || digits < 2); ++position_, ++digits) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    std::size_t digit = k_digits.find(lower_case(pattern_.substr(position_, 1)));
    if (digit == k_digits.npos) break;
    value = value * 16 + static_cast<char32_t>(digit);
    if (value > k_last_code_point) return std::nullopt;
  }
  bool complete = braces ? digits > 0 && accept("}") : digits == 2;
  return complete ? std::optional(value) : std::nullopt;
}

ParsedNode AtomParser::parse_class() {
  std::size_t begin = position_++;
  bool negated = accept("^");
  CharClass chars;
  for (bool first = true; first || peek() != ']'; first = false) {
    if (at_end()) return error("missing closing ]", pattern_.substr(begin));
    if (std::optional<std::string> problem = parse_class_item(chars)) return std::unexpected(*problem);
  }
  ++position_;
  if (flags_.ignore_case) chars.add_case_variants();
  if (negated) chars.negate();
  return class_node(std::move(chars));
}

std::optional<std::string> AtomParser::parse_class_item(CharClass& chars) {
  std::size_t begin = position_;
  if (looking_at("[:")) {
    if (std::size_t end = pattern_.find(":]", position_ + 2); end != pattern_.npos) {
      return parse_posix_class(chars, end);
    }
  }
  if (peek() == '\\' && position_ + 1 < pattern_.size()) {
    if (CharClass perl = perl_class(pattern_[position_ + 1]); !perl.ranges().empty()) {
      chars.add(perl);
      position_ += 2;
      return std::nullopt;
    }
  }
  std::optional<char32_t> first = class_character();
  if (!first) return error("invalid escape sequence", pattern_.substr(begin, 2)).error();
  std::optional<char32_t> last = first;
  if (peek() == '-' && position_ + 1 < pattern_.size() && pattern_[position_ + 1] != ']') {
    ++position_;
    last = class_character();
    if (!last || *last < *first) return error("invalid character class range", since(begin)).error();
  }
  chars.add(*first, *last);
  return std::nullopt;
}

std::optional<std::string> AtomParser::parse_posix_class(CharClass& chars, std::size_t end) {
  std::string_view name = pattern_.substr(position_ + 2, end - position_ - 2);
  bool negated = name.starts_with('^');
  CharClass named = posix_class(negated ? name.substr(1) : name);
  std::size_t begin = position_;
  position_ = end + 2;
  if (named.ranges().empty()) return error("invalid character class range", since(begin)).error();
  if (negated) named.negate();
  chars.add(named);
  return std::nullopt;
}

std::optional<char32_t> AtomParser::class_character() {
  if (at_end()) return std::nullopt;
  if (peek() != '\\') return next_character();
  ++position_;
  return at_end() ? std::nullopt : parse_character_escape();
}

}  // namespace pgvigil::promql
