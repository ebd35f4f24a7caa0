#include "rules/template/lexer.h"

#include <algorithm>

#include "rules/promql/text.h"
#include "rules/template/failure.h"

namespace pgvigil::rules::templates {
namespace {

constexpr std::string_view k_space = " \t\r\n";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Piece>> split() {
    while (position_ < text_.size()) {
      const std::size_t open = text_.find("{{", position_);
      std::string_view before = text_.substr(position_, open - position_);
      if (open == text_.npos) {
        add_text(before);
        break;
      }
      const std::size_t action = open;
      position_ = open + 2;
      const bool trims_left =
          at(0) == '-' && position_ + 1 < text_.size() && k_space.contains(text_[position_ + 1]);
      if (trims_left) {
        before = before.substr(0, before.find_last_not_of(k_space) + 1);
        position_ += 2;
      }
      add_text(before);
      if (auto done = read_action(action); !done) return std::unexpected(done.error());
    }
    return std::move(pieces_);
  }

 private:
  /// The character `ahead` of here; a null character past the end.
  char at(std::size_t ahead) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }

  void add_text(std::string_view text) {
    if (trims_next_) text.remove_prefix(std::min(text.find_first_not_of(k_space), text.size()));
    trims_next_ = false;
    if (!text.empty()) pieces_.push_back({false, std::string(text)});
  }

  /// Steps over " -}}" or "}}".
  bool end_of_action() {
    if (text_.substr(position_).starts_with("}}")) {
      position_ += 2;
      return true;
    }
    if (k_space.contains(at(0)) && text_.substr(position_ + 1).starts_with("-}}")) {
      position_ += 4;
      trims_next_ = true;
      return true;
    }
    return false;
  }

  Result<void> read_action(std::size_t begin) {
    const std::size_t after_space = text_.find_first_not_of(k_space, position_);
    if (after_space != text_.npos && text_.substr(after_space).starts_with("/*")) return read_comment(begin);
    Piece piece{true, {}, {}, begin};
    while (!end_of_action()) {
      if (position_ >= text_.size()) return failure("an action that is not closed with '}}'", begin);
      if (auto done = read_token(piece.tokens); !done) return done;
    }
    piece.tokens.push_back({Token::Kind::end, {}, position_});
    pieces_.push_back(std::move(piece));
    return {};
  }

  Result<void> read_comment(std::size_t begin) {
    const std::size_t end = text_.find("*/", position_);
    if (end == text_.npos) return failure("a comment that is not closed", begin);
    position_ = end + 2;
    return end_of_action() ? Result<void>{} : failure("a comment must end with '*/}}'", end);
  }

  Result<void> read_token(std::vector<Token>& tokens) {
    const std::size_t begin = position_;
    const char c = at(0);
    const auto add = [&](Token::Kind kind, std::size_t width) {
      tokens.push_back({kind, std::string(text_.substr(begin, width)), begin});
      position_ = begin + width;
      return Result<void>{};
    };
    if (k_space.contains(c)) {
      while (k_space.contains(at(0)) && position_ < text_.size() &&
             !text_.substr(position_ + 1).starts_with("-}}"))
        ++position_;
      if (position_ == begin) ++position_;
      tokens.push_back({Token::Kind::space, {}, begin});
      return {};
    }
    if (c == '"' || c == '`' || c == '\'') return read_quoted(tokens);
    if (c == '|') return add(Token::Kind::pipe, 1);
    if (c == '(') return add(Token::Kind::open, 1);
    if (c == ')') return add(Token::Kind::close, 1);
    if (c == ',') return add(Token::Kind::comma, 1);
    if (c == '=') return add(Token::Kind::assign, 1);
    if (c == ':' && at(1) == '=') return add(Token::Kind::declare, 2);
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(at(1)))) return read_number(tokens);
    const std::size_t sigil = c == '$' || c == '.' ? 1 : 0;
    std::size_t width = sigil;
    while (is_name(at(width)))
      ++width;
    if (c == '$') return add(Token::Kind::variable, width);
    if (c == '.') return add(width == 1 ? Token::Kind::dot : Token::Kind::field, width);
    if (width > 0) return add(Token::Kind::word, width);
    return failure("unexpected " + promql::quoted(text_.substr(begin, 1)), begin);
  }

  Result<void> read_number(std::vector<Token>& tokens) {
    std::size_t width = 1;
    const auto exponent_sign = [&] {
      return (at(width) == '+' || at(width) == '-') && (at(width - 1) == 'e' || at(width - 1) == 'E');
    };
    while (is_name(at(width)) || at(width) == '.' || exponent_sign())
      ++width;
    tokens.push_back({Token::Kind::number, std::string(text_.substr(position_, width)), position_});
    position_ += width;
    return {};
  }

  Result<void> read_quoted(std::vector<Token>& tokens) {
    const std::size_t begin = position_;
    const char quote = at(0);
    std::size_t width = 1;
    while (at(width) != quote) {
      if (begin + width >= text_.size() || (quote != '`' && at(width) == '\n'))
        return failure("a string that is not closed", begin);
      width += quote != '`' && at(width) == '\\' ? 2 : 1;
    }
    ++width;
    auto value = quote == '\'' ? std::nullopt : promql::unquoted(text_.substr(begin, width));
    if (!value) return failure("a malformed string", begin);
    tokens.push_back({Token::Kind::text, std::move(*value), begin});
    position_ = begin + width;
    return {};
  }

  std::string_view text_;
  std::size_t position_ = 0;
  bool trims_next_ = false;  // the last action ended with -}}
  std::vector<Piece> pieces_;
};

}  // namespace

Result<std::vector<Piece>> split(std::string_view text) {
  return Lexer(text).split();
}

}  // namespace pgvigil::rules::templates
