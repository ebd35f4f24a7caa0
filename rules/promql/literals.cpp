#include "rules/promql/literals.h"

#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

constexpr std::string_view k_digits = "0123456789";
constexpr std::string_view k_hex_digits = "0123456789abcdefABCDEF";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word_character(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// "U+0071".
std::string code_point_name(char32_t code_point) {
  constexpr std::string_view k_digits_of_16 = "0123456789ABCDEF";
  std::string digits;
  for (; code_point != 0 || digits.size() < 4; code_point >>= 4)
    digits.insert(0, 1, k_digits_of_16[code_point & 0xF]);
  return "U+" + digits;
}

class Scanner {
 public:
  Scanner(std::string_view query, std::size_t begin) : query_(query), begin_(begin), position_(begin) {}

  ScannedLiteral number_or_duration() {
    if (accept_number()) return {TokenKind::number, position_};
    if (accept_rest_of_duration()) return {TokenKind::duration, position_};
    return failed("bad number or duration syntax: " + quoted(text()));
  }

  ScannedLiteral string() {
    char quote = peek();
    bool raw = quote == '`';
    ++position_;
    while (true) {
      if (at_end() || (peek() == '\n' && !raw)) {
        return failed(raw ? "unterminated raw string" : "unterminated quoted string");
      }
      DecodedCharacter character = decode_utf8(query_, position_);
      if (!character.well_formed) return failed("invalid UTF-8 rune");
      position_ += character.width;
      if (character.code_point == static_cast<char32_t>(quote)) break;
      if (character.code_point != '\\' || raw) continue;
      if (std::string problem = escape_problem(quote); !problem.empty()) return failed(std::move(problem));
      position_ += decode_utf8(query_, position_).width;
    }
    if (!unquoted(text())) return failed("invalid escape sequence in string " + std::string(text()));
    return {TokenKind::string, position_};
  }

 private:
  bool at_end() const { return position_ >= query_.size(); }
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < query_.size() ? query_[position_ + ahead] : '\0';
  }
  bool accept(std::string_view set) {
    if (at_end() || set.find(peek()) == set.npos) return false;
    ++position_;
    return true;
  }
  void accept_run(std::string_view set) {
    while (accept(set)) {
    }
  }
  std::string_view text() const { return query_.substr(begin_, position_ - begin_); }
  ScannedLiteral failed(std::string message) const {
    return {TokenKind::error, position_, std::move(message)};
  }

  /// What is wrong with the character behind a backslash; empty when an escape may begin with it.
  std::string escape_problem(char quote) const {
    if (at_end()) return "escape sequence not terminated";
    constexpr std::string_view k_escapes = "abfnrtv\\01234567xuU";
    if (peek() == quote || k_escapes.find(peek()) != k_escapes.npos) return {};
    char32_t code_point = decode_utf8(query_, position_).code_point;
    return "unknown escape sequence " + code_point_name(code_point) + " " + quoted_character(code_point);
  }

  /// Takes a number; when the text goes on as no number may, false, and the position stays where it broke
  /// off.
  bool accept_number() {
    bool hexadecimal = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    std::string_view digits = hexadecimal ? k_hex_digits : k_digits;
    if (hexadecimal) {
      position_ += 2;
      accept("_");
    }
    bool seen_point = false;
    bool seen_exponent = false;
    while (!at_end()) {
      if (accept(digits)) {
        accept_run(digits);
      } else if (peek() == '.') {
        if (seen_point || seen_exponent || hexadecimal) return false;
        seen_point = true;
        ++position_;
        if (accept("_.")) return false;
      } else if (peek() == 'e' || peek() == 'E') {
        if (seen_exponent) return false;
        seen_exponent = true;
        ++position_;
        accept("+-");
        if (!is_digit(peek())) return false;
      } else if (accept("_")) {
        if (k_hex_digits.find(peek()) == k_hex_digits.npos || at_end()) return false;
      } else {
        break;
      }
    }
    return !is_word_character(peek());
  }

  bool accept_rest_of_duration() {
    if (!accept("smhdwy")) return false;
    accept("s");
    while (is_digit(peek())) {
      accept_run(k_digits);
      if (!accept("smhdw")) return false;
      accept("s");
    }
    if (!is_word_character(peek())) return true;
    ++position_;
    return false;
  }

  std::string_view query_;
  std::size_t begin_;
  std::size_t position_;
};

}  // namespace

ScannedLiteral scan_number_or_duration(std::string_view query, std::size_t begin) {
  return Scanner(query, begin).number_or_duration();
}

ScannedLiteral scan_string(std::string_view query, std::size_t begin) {
  return Scanner(query, begin).string();
}

}  // namespace pgvigil::promql
