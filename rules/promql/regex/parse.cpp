#include <algorithm>
#include <optional>

#include "rules/promql/regex/atom_parser.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr int k_most_repetitions = 1000;  // as RE2 and Go
constexpr int k_deepest_nesting = 100;

/// Recursive descent over the pattern; nesting is bounded.
class RegexParser : private AtomParser {
 public:
  explicit RegexParser(std::string_view pattern) : AtomParser(pattern), group_names_(1) {}

  std::expected<RegexSyntax, std::string> parse() {
    if (!is_well_formed()) return std::unexpected("invalid UTF-8: `" + std::string(pattern_) + "`");
    ParsedNode root = parse_alternation();
    if (!root) return std::unexpected(root.error());
    if (!at_end()) return error("unexpected )", pattern_);
    return RegexSyntax{std::move(*root), std::move(group_names_)};
  }

 private:
  bool is_well_formed() const {
    for (std::size_t i = 0; i < pattern_.size();) {
      DecodedCharacter character = decode_utf8(pattern_, i);
      if (!character.well_formed) return false;
      i += character.width;
    }
    return true;
  }

  ParsedNode parse_alternation() {
    if (++depth_ > k_deepest_nesting) return error("expression nests too deeply", pattern_);
    RegexFlags outer_flags = flags_;
    RegexNodePtr alternation = node_of(RegexNodeKind::alternation);
    do {
      ParsedNode sequence = parse_sequence();
      if (!sequence) return sequence;
      alternation->children.push_back(std::move(*sequence));
    } while (accept("|"));
    flags_ = outer_flags;
    --depth_;
    if (alternation->children.size() == 1) return std::move(alternation->children.front());
    return alternation;
  }

  ParsedNode parse_sequence() {
    RegexNodePtr sequence = node_of(RegexNodeKind::sequence);
    while (!at_end() && peek() != '|' && peek() != ')') {
      ParsedNode atom = accept("\\Q") ? parse_quoted(*sequence) : parse_atom();
      if (!atom) return atom;
      if (*atom == nullptr) continue;  // a change of flags, or nothing in quotes
      ParsedNode repeated = parse_repetitions(std::move(*atom));
      if (!repeated) return repeated;
      sequence->children.push_back(std::move(*repeated));
    }
    if (sequence->children.size() == 1) return std::move(sequence->children.front());
    return sequence;
  }

  /// After \Q: appends the characters up to \E; the last is the atom that an operator behind \E repeats.
  RegexNodePtr parse_quoted(RegexNode& sequence) {
    RegexNodePtr last;
    while (!at_end() && !accept("\\E")) {
      if (last != nullptr) sequence.children.push_back(std::move(last));
      last = literal(next_character());
    }
    return last;
  }

  ParsedNode parse_atom() {
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
    if (character == '$')
      return node_of(flags_.multi_line ? RegexNodeKind::end_line : RegexNodeKind::end_text);
    return literal(character);
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
    for (; is_digit(peek()); ++position_)
      value = std::min(value * 10 + (peek() - '0'), k_most_repetitions + 1);
    return position_ > begin ? std::optional(value) : std::nullopt;
  }

  ParsedNode parse_repetitions(RegexNodePtr atom) {
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

  ParsedNode parse_group() {
    std::size_t begin = position_++;
    bool capturing = true;
    std::string name;
    RegexFlags outer_flags = flags_;
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
    ParsedNode inner = parse_alternation();
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
      if (letter == 'i')
        flags_.ignore_case = value;
      else if (letter == 'm')
        flags_.multi_line = value;
      else if (letter == 's')
        flags_.dot_matches_line_break = value;
      else if (letter == 'U')
        flags_.swap_greed = value;
      else if (letter == '-' && value)
        value = any = false;
      else
        return error("invalid or unsupported Perl syntax", since(begin));
    }
    return error("missing closing )", pattern_);
  }

  int depth_ = 0;
  std::vector<std::string> group_names_;
};

}  // namespace

std::expected<RegexSyntax, std::string> parse_regex(std::string_view pattern) {
  return RegexParser(pattern).parse();
}

}  // namespace pgvigil::promql
