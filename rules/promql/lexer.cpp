#include "rules/promql/lexer.h"

#include <array>
#include <utility>

#include "rules/promql/literals.h"
#include "rules/promql/text.h"

namespace pgvigil::promql {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word_character(char c) {
  return is_letter(c) || is_digit(c);
}

/// What the text around the position is: PromQL has three vocabularies.
enum class Place : std::uint8_t { expression, braces, brackets };

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  std::vector<Token> run() {
    tokens_.reserve(query_.size() / 4 + 2);
    while (!done_) {
      skip_blanks();
      begin_ = position_;
      switch (place_) {
        case Place::expression:
          read_in_expression();
          break;
        case Place::braces:
          read_in_braces();
          break;
        case Place::brackets:
          read_in_brackets();
          break;
      }
    }
    return std::move(tokens_);
  }

 private:
  bool at_end() const { return position_ >= query_.size(); }
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < query_.size() ? query_[position_ + ahead] : '\0';
  }
  std::string_view text() const { return query_.substr(begin_, position_ - begin_); }

  void emit(TokenKind kind) { tokens_.push_back({kind, {begin_, position_}, {}}); }
  void emit(TokenKind kind, std::size_t width) {
    position_ += width;
    emit(kind);
  }
  void fail(std::string message) {
    tokens_.push_back({TokenKind::error, {begin_, query_.size()}, std::move(message)});
    done_ = true;
  }
  /// The character at the position as messages print it.
  std::string shown() const {
    DecodedCharacter character = decode_utf8(query_, position_);
    return character.width == 0 ? "end of input" : quoted_character(character.code_point);
  }

  void skip_blanks() {
    while (!at_end()) {
      if (is_space(peek())) {
        ++position_;
      } else if (peek() == '#') {
        while (!at_end() && peek() != '\n' && peek() != '\r')
          ++position_;
      } else {
        return;
      }
    }
  }

  void read_in_expression() {
    if (at_end()) return finish();
    char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1))))
      return read(scan_number_or_duration(query_, position_));
    if (is_letter(c) || c == ':') return read_word();
    if (c == '"' || c == '\'' || c == '`') return read(scan_string(query_, position_));
    if (read_parenthesis()) return;
    switch (c) {
      case '{':
        place_ = Place::braces;
        return emit(TokenKind::left_brace, 1);
      case '[':
        place_ = Place::brackets;
        got_colon_ = false;
        expects_operand_ = true;
        return emit(TokenKind::left_bracket, 1);
      case ']':
        return fail("unexpected right bracket ']'");
      case '@':
        return emit(TokenKind::at, 1);
      case '=':
        if (peek(1) == '~') return fail("unexpected character after '=': '~'");
        return peek(1) == '=' ? emit(TokenKind::equal, 2) : emit(TokenKind::equals, 1);
      case '!':
        if (peek(1) == '=') return emit(TokenKind::not_equal, 2);
        ++position_;
        return fail("unexpected character after '!': " + shown());
      case '<':
        return read_comparison(TokenKind::less, TokenKind::less_or_equal, TokenKind::trim_upper);
      case '>':
        return read_comparison(TokenKind::greater, TokenKind::greater_or_equal, TokenKind::trim_lower);
      default:
        break;
    }
    if (!read_arithmetic()) fail("unexpected character: " + shown());
  }

  void read_comparison(TokenKind strict, TokenKind with_equal, TokenKind trim) {
    if (peek(1) == '=') return emit(with_equal, 2);
    if (peek(1) == '/') return emit(trim, 2);
    emit(strict, 1);
  }

  void finish() {
    if (depth_ > 0) return fail("unclosed left parenthesis");
    emit(TokenKind::end_of_input);
    done_ = true;
  }

  bool read_parenthesis() {
    if (peek() == '(') {
      ++depth_;
      emit(TokenKind::left_parenthesis, 1);
      return true;
    }
    if (peek() != ')') return false;
    if (depth_ == 0) {
      ++begin_;  // where Prometheus reports it
      fail("unexpected right parenthesis ')'");
      return true;
    }
    --depth_;
    emit(TokenKind::right_parenthesis, 1);
    return true;
  }

  bool read_arithmetic() {
    constexpr std::array<std::pair<char, TokenKind>, 7> k_signs = {{{'+', TokenKind::add},
                                                                    {'-', TokenKind::subtract},
                                                                    {'*', TokenKind::multiply},
                                                                    {'/', TokenKind::divide},
                                                                    {'%', TokenKind::modulo},
                                                                    {'^', TokenKind::power},
                                                                    {',', TokenKind::comma}}};
    for (auto [sign, kind] : k_signs) {
      if (peek() != sign) continue;
      emit(kind, 1);
      return true;
    }
    return false;
  }

  void read_in_braces() {
    if (at_end()) return fail("unexpected end of input inside braces");
    char c = peek();
    if (is_letter(c)) {
      while (is_word_character(peek()))
        ++position_;
      return emit(TokenKind::identifier);
    }
    if (c == '"' || c == '\'' || c == '`') return read(scan_string(query_, position_));
    switch (c) {
      case ',':
        return emit(TokenKind::comma, 1);
      case '=':
        return peek(1) == '~' ? emit(TokenKind::equal_regex, 2) : emit(TokenKind::equals, 1);
      case '!':
        if (peek(1) == '~') return emit(TokenKind::not_equal_regex, 2);
        if (peek(1) == '=') return emit(TokenKind::not_equal, 2);
        ++position_;
        return fail("unexpected character after '!' inside braces: " + shown());
      case '{':
        return fail("unexpected left brace '{'");
      case '}':
        place_ = Place::expression;
        return emit(TokenKind::right_brace, 1);
      default:
        return fail("unexpected character inside braces: " + shown());
    }
  }

  void read_in_brackets() {
    if (at_end()) {
      return fail(expects_operand_ ? "unexpected end of input in duration expression"
                                   : "unclosed left bracket");
    }
    char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      expects_operand_ = false;
      return read(scan_number_or_duration(query_, position_));
    }
    if (c == ']') {
      place_ = Place::expression;
      return emit(TokenKind::right_bracket, 1);
    }
    if (c == '[') return fail("unexpected left bracket '['");
    if (c == ':') return read_colon();
    if (is_letter(c)) return read_duration_word();
    bool closes = c == ')';
    if (read_parenthesis() || read_arithmetic()) {
      expects_operand_ = !closes;
      return;
    }
    fail("unexpected character in duration expression: " + shown());
  }

  void read_colon() {
    if (got_colon_) return fail("unexpected colon ':'");
    if (expects_operand_) return fail("unexpected colon before duration in duration expression");
    got_colon_ = true;
    expects_operand_ = false;
    emit(TokenKind::colon, 1);
  }

  void read_duration_word() {
    std::size_t begin = position_;
    while (is_letter(peek()))
      ++position_;
    std::optional<TokenKind> keyword = find_keyword(text());
    switch (keyword.value_or(TokenKind::error)) {
      case TokenKind::keyword_step:
      case TokenKind::keyword_range:
      case TokenKind::keyword_min:
      case TokenKind::keyword_max:
      case TokenKind::keyword_min_of:
      case TokenKind::keyword_max_of:
        expects_operand_ = false;
        return emit(*keyword);
      default:
        break;
    }
    position_ = begin;
    fail(expects_operand_ ? "unexpected character in duration expression: " + shown()
                          : "unexpected character: " + shown() + ", expected ':'");
  }

  void read_word() {
    while (is_word_character(peek()) || peek() == ':')
      ++position_;
    std::optional<TokenKind> keyword = find_keyword(text());
    if (keyword && is_fill(*keyword) && !parenthesis_follows()) keyword = TokenKind::identifier;
    if (keyword) return emit(*keyword);
    emit(text().find(':') == std::string_view::npos ? TokenKind::identifier : TokenKind::metric_identifier);
  }

  static bool is_fill(TokenKind kind) {
    return kind == TokenKind::keyword_fill || kind == TokenKind::keyword_fill_left ||
           kind == TokenKind::keyword_fill_right;
  }

  bool parenthesis_follows() const {
    std::size_t i = position_;
    while (i < query_.size() && is_space(query_[i]))
      ++i;
    return i < query_.size() && query_[i] == '(';
  }

  void read(ScannedLiteral literal) {
    position_ = literal.end;
    literal.kind == TokenKind::error ? fail(std::move(literal.message)) : emit(literal.kind);
  }

  std::string_view query_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;
  std::size_t depth_ = 0;
  Place place_ = Place::expression;
  bool got_colon_ = false;
  bool expects_operand_ = false;
  bool done_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view query) {
  return Lexer(query).run();
}

}  // namespace pgvigil::promql
