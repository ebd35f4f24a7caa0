#include <array>
#include <optional>

#include "rules/promql/regex/syntax.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr int k_most_repetitions = 1000;  // as RE2 and Go
constexpr int k_deepest_nesting = 100;
constexpr char32_t k_last_code_point = 0x10FFFF;

struct Flags {
  bool ignore_case = false;
  bool multi_line = false;
  bool dot_matches_line_break = true;
  bool swap_greed = false;
};

using Parsed = std::expected<RegexNodePtr, std::string>;

RegexNodePtr node_of(RegexNodeKind kind) {
  auto node = std::make_unique<RegexNode>();
  node->kind = kind;
  return node;
}

RegexNodePtr class_node(CharClass chars) {
  RegexNodePtr node = node_of(RegexNodeKind::char_class);
  chars.normalise();
  node->chars = std::move(chars);
  return node;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// Recursive descent over the pattern; nesting is bounded.
class RegexParser {
 public:
  explicit RegexParser(std::string_view pattern) : pattern_(pattern), group_names_(1) {}

  std::expected<RegexSyntax, std::string> parse() {
    if (!is_well_formed()) return std::unexpected("invalid UTF-8: `" + std::string(pattern_) + "`");
    Parsed root = parse_alternation();
    if (!root) return std::unexpected(root.error());
    if (!at_end()) return error("unexpected )", pattern_);
    return RegexSyntax{std::move(*root), std::move(group_names_)};
  }

 private:
  bool at_end() const { return position_ >= pattern_.size(); }
  char peek() const { return at_end() ? '\0' : pattern_[position_]; }
  bool looking_at(std::string_view text) const { return pattern_.substr(position_).starts_with(text); }
  bool accept(std::string_view text) {
    if (!looking_at(text)) return false;
    position_ += text.size();
    return true;
  }
  char32_t next_character() {
    DecodedCharacter character = decode_utf8(pattern_, position_);
    position_ += character.width;
    return character.code_point;
  }
  std::string_view since(std::size_t begin) const { return pattern_.substr(begin, position_ - begin); }
  static std::unexpected<std::string> error(std::string_view what, std::string_view where) {
    return std::unexpected(std::string(what) + ": `" + std::string(where) + "`");
  }
  bool is_well_formed() const {
    for (std::size_t i = 0; i < pattern_.size();) {
      DecodedCharacter character = decode_utf8(pattern_, i);
      if (!character.well_formed) return false;
      i += character.width;
    }
    return true;
  }

  Parsed parse_alternation() {
    if (++depth_ > k_deepest_nesting) return error("expression nests too deeply", pattern_);
    Flags outer_flags = flags_;
    RegexNodePtr alternation = node_of(RegexNodeKind::alternation);
    do {
      Parsed sequence = parse_sequence();
      if (!sequence) return sequence;
      alternation->children.push_back(std::move(*sequence));
    } while (accept("|"));
    flags_ = outer_flags;
    --depth_;
    if (alternation->children.size() == 1) return std::move(alternation->children.front());
    return alternation;
  }

  Parsed parse_sequence() {
    RegexNodePtr sequence = node_of(RegexNodeKind::sequence);
    while (!at_end() && peek() != '|' && peek() != ')') {
      if (accept("\\Q")) {
        append_quoted(*sequence);
        continue;
      }
      Parsed atom = parse_atom();
      if (!atom) return atom;
      if (*atom == nullptr) continue;  // a change of flags
      Parsed repeated = parse_repetitions(std::move(*atom));
      if (!repeated) return repeated;
      sequence->children.push_back(std::move(*repeated));
    }
    if (sequence->children.size() == 1) return std::move(sequence->children.front());
    return sequence;
  }

  void append_quoted(RegexNode& sequence) {
    while (!at_end() && !accept("\\E")) sequence.children.push_back(literal(next_character()));
  }

  RegexNodePtr literal(char32_t character) const {
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

  Parsed parse_atom() {
    switch (peek()) {
      case '(':
        return parse_group();
      case '[':
        return parse_class();
      case '\\':
        return parse_escape();
      case '*':
      case '+':
      case '?':
        return error("missing argument to repetition operator", pattern_.substr(position_, 1));
      default:
        break;
    }
    char32_t character = next_character();
    if (character == '.') return any_character();
    if (character == '^') {
      return node_of(flags_.multi_line ? RegexNodeKind::begin_line : RegexNodeKind::begin_text);
    }
    if (character == '$') return node_of(flags_.multi_line ? RegexNodeKind::end_line : RegexNodeKind::end_text);
    return literal(character);
  }

  RegexNodePtr any_character() const {
    CharClass chars;
    if (flags_.dot_matches_line_break) {
      chars.add(0, k_last_code_point);
    } else {
      chars.add(0, '\n' - 1);
      chars.add('\n' + 1, k_last_code_point);
    }
    return class_node(std::move(chars));
  }

  struct Bounds {
    int minimum;
    int maximum;
  };

  /// The operator at the position, if there is one; "{" without a bound is a character.
  std::optional<Bounds> accept_operator() {
    if (accept("*")) return Bounds{0, -1};
    if (accept("+")) return Bounds{1, -1};
    if (accept("?")) return Bounds{0, 1};
    if (peek() != '{') return std::nullopt;
    std::size_t begin = position_++;
    std::optional<int> minimum = accept_number();
    std::optional<int> maximum = minimum;
    if (minimum && accept(",")) maximum = peek() == '}' ? std::optional(-1) : accept_number();
    if (!minimum || !maximum || !accept("}")) {
      position_ = begin;
      return std::nullopt;
    }
    return Bounds{*minimum, *maximum};
  }

  std::optional<int> accept_number() {
    std::size_t begin = position_;
    int value = 0;
    for (; is_digit(peek()); ++position_) value = std::min(value * 10 + (peek() - '0'), k_most_repetitions + 1);
    return position_ > begin ? std::optional(value) : std::nullopt;
  }

  Parsed parse_repetitions(RegexNodePtr atom) {
    std::size_t begin = position_;
    bool repeated = false;
    while (std::optional<Bounds> bounds = accept_operator()) {
      if (repeated) {
        accept("?");
        return error("invalid nested repetition operator", pattern_.substr(begin, position_ - begin));
      }
      if (bounds->minimum > k_most_repetitions || bounds->maximum > k_most_repetitions ||
          (bounds->maximum >= 0 && bounds->minimum > bounds->maximum)) {
        return error("invalid repeat count", since(begin));
      }
      RegexNodePtr node = node_of(RegexNodeKind::repetition);
      node->minimum = bounds->minimum;
      node->maximum = bounds->maximum;
      node->greedy = accept("?") == flags_.swap_greed;
      node->children.push_back(std::move(atom));
      atom = std::move(node);
      repeated = true;
    }
    return atom;
  }

  Parsed parse_group() {
    std::size_t begin = position_++;
    bool capturing = true;
    std::string name;
    Flags outer_flags = flags_;
    if (accept("?P<") || accept("?<")) {
      std::size_t end = pattern_.find('>', position_);
      if (end == pattern_.npos) return error("invalid named capture", pattern_.substr(begin));
      name = pattern_.substr(position_, end - position_);
      position_ = end + 1;
      if (!is_group_name(name)) return error("invalid named capture", since(begin));
    } else if (accept("?")) {
      capturing = false;
      std::expected<bool, std::string> opens = parse_flags(begin);
      if (!opens) return std::unexpected(opens.error());
      if (!*opens) return RegexNodePtr();
    }
    std::size_t group = 0;
    if (capturing) {
      group = group_names_.size();
      group_names_.push_back(std::move(name));
    }
    Parsed inner = parse_alternation();
    if (!inner) return inner;
    if (!accept(")")) return error("missing closing )", pattern_);
    flags_ = outer_flags;
    if (!capturing) return inner;
    RegexNodePtr node = node_of(RegexNodeKind::group);
    node->group = group;
    node->children.push_back(std::move(*inner));
    return node;
  }

  bool is_group_name(const std::string& name) const {
    if (name.empty()) return false;
    for (char character : name) {
      if (!is_digit(character) && !is_plain_label_name({&character, 1})) return false;
    }
    for (const std::string& other : group_names_) {
      if (other == name) return false;
    }
    return true;
  }

  /// After "(?": flags up to ")" (then they hold for the rest: false) or ":" (then a group begins: true).
  std::expected<bool, std::string> parse_flags(std::size_t begin) {
    bool value = true;
    bool any = false;
    while (!at_end()) {
      char letter = pattern_[position_++];
      if (letter == ')' || letter == ':') {
        if (!value && !any) break;
        return letter == ':';
      }
      any = true;
      if (letter == 'i') flags_.ignore_case = value;
      else if (letter == 'm') flags_.multi_line = value;
      else if (letter == 's') flags_.dot_matches_line_break = value;
      else if (letter == 'U') flags_.swap_greed = value;
      else if (letter == '-' && value) value = any = false;
      else return error("invalid or unsupported Perl syntax", since(begin));
    }
    return error("missing closing )", pattern_);
  }

  Parsed parse_escape() {
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

  static std::optional<RegexNodeKind> assertion_of(char letter) {
    switch (letter) {
      case 'A': return RegexNodeKind::begin_text;
      case 'z': return RegexNodeKind::end_text;
      case 'b': return RegexNodeKind::word_boundary;
      case 'B': return RegexNodeKind::no_word_boundary;
      default: return std::nullopt;
    }
  }

  /// After the backslash: a code point written as an escape.
  std::optional<char32_t> parse_character_escape() {
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
    bool punctuation = !is_digit(letter) && !is_plain_label_name({&letter, 1}) &&
                       static_cast<unsigned char>(letter) < 0x80;
    if (letter == '_' || punctuation) {
      ++position_;
      return static_cast<char32_t>(letter);
    }
    return std::nullopt;
  }

  std::optional<char32_t> parse_octal() {
    char32_t value = 0;
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, ++position_) {
      value = value * 8 + static_cast<char32_t>(peek() - '0');
    }
    return value;
  }

  std::optional<char32_t> parse_hexadecimal() {
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

  Parsed parse_class() {
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

  /// One item of a class: a character, a range or a named class. Says what is wrong with it, if something is.
  std::optional<std::string> parse_class_item(CharClass& chars) {
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

  std::optional<std::string> parse_posix_class(CharClass& chars, std::size_t end) {
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

  std::optional<char32_t> class_character() {
    if (at_end()) return std::nullopt;
    if (peek() != '\\') return next_character();
    ++position_;
    return at_end() ? std::nullopt : parse_character_escape();
  }

  std::string_view pattern_;
  std::size_t position_ = 0;
  int depth_ = 0;
  Flags flags_;
  std::vector<std::string> group_names_;
};

}  // namespace

std::expected<RegexSyntax, std::string> parse_regex(std::string_view pattern) {
  return RegexParser(pattern).parse();
}

}  // namespace pgvigil::promql
