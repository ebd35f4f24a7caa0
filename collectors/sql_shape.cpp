#include "collectors/sql_shape.h"

#include <algorithm>
#include <array>

namespace pgvigil::collectors {
namespace {

constexpr std::array<std::string_view, 5> k_reading_words = {"select", "with", "show", "table", "values"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool may_stand_in_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '$';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// Reads SQL as the server's lexer does, as far as quotes and comments go (PostgreSQL, "Lexical Structure").
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  std::expected<void, SqlMistake> check() {
    while (at_ < sql_.size()) {
      begin_ = at_;
      if (auto step = skip_one(); !step) return step;
    }
    if (first_word_.empty()) return mistake(0, "the query is empty", "");
    return {};
  }

 private:
  std::expected<void, SqlMistake> skip_one() {
    const char c = sql_[at_];
    if (is_space(c)) return skip(1);
    if (here("--")) return skip_to("\n");
    if (here("/*")) return skip_comment();
    if (c == '(' && first_word_.empty()) return skip(1);
    if (is_letter(c)) return skip_word();
    if (first_word_.empty()) return refuse_beginning(std::string(1, c));
    if (c == '\'') return skip_quoted('\'', false);
    if (c == '"') return skip_quoted('"', false);
    if (c == '$') return skip_dollar_quoted();
    if (c == ';')
      return mistake(at_, "a ';' in the query", "A collector has one statement: write it without the ';'.");
    return skip(1);
  }

  std::expected<void, SqlMistake> skip_word() {
    std::size_t end = at_;
    while (end < sql_.size() && may_stand_in_word(sql_[end]))
      ++end;
    const std::string word = lower(sql_.substr(at_, end - at_));
    if (first_word_.empty()) {
      if (std::ranges::find(k_reading_words, word) == k_reading_words.end()) return refuse_beginning(word);
      first_word_ = word;
    }
    at_ = end;
    const bool has_escapes = word == "e";
    return has_escapes && here("'") ? skip_quoted('\'', true) : std::expected<void, SqlMistake>{};
  }

  /// A doubled quote stands for itself.
  std::expected<void, SqlMistake> skip_quoted(char quote, bool has_escapes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (has_escapes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        ++at_;
        if (at_ == sql_.size() || sql_[at_] != quote) return {};
      }
    }
    return mistake(begin_, std::string("the quote ") + quote + " that begins here has no end", "");
  }

  /// $$text$$ or $tag$text$tag$; a '$' that begins none of these (a parameter) is passed over.
  std::expected<void, SqlMistake> skip_dollar_quoted() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && sql_[end] != '$' && may_stand_in_word(sql_[end]))
      ++end;
    const bool begins_with_digit = end > at_ + 1 && !is_letter(sql_[at_ + 1]);
    if (end == sql_.size() || sql_[end] != '$' || begins_with_digit) return skip(1);
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const std::size_t close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos)
      return mistake(begin_, "the quote " + std::string(tag) + " that begins here has no end", "");
    at_ = close + tag.size();
    return {};
  }

  /// Comments nest.
  std::expected<void, SqlMistake> skip_comment() {
    int depth = 0;
    while (at_ < sql_.size()) {
      if (here("/*")) {
        ++depth;
        at_ += 2;
      } else if (here("*/")) {
        at_ += 2;
        if (--depth == 0) return {};
      } else {
        ++at_;
      }
    }
    return mistake(begin_, "the comment that begins here has no end", "");
  }

  std::expected<void, SqlMistake> refuse_beginning(const std::string& word) const {
    return mistake(at_, "the query begins with '" + word + "'",
                   "A collector only reads: begin with select, with, show, table or values.");
  }

  bool here(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  std::expected<void, SqlMistake> skip(std::size_t count) {
    at_ += count;
    return {};
  }
  std::expected<void, SqlMistake> skip_to(std::string_view end) {
    at_ = std::min(sql_.size(), sql_.find(end, at_));
    return {};
  }
  static std::expected<void, SqlMistake> mistake(std::size_t offset, std::string message, std::string hint) {
    return std::unexpected(SqlMistake{offset, std::move(message), std::move(hint)});
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;  // of the token that is being read
  std::string first_word_;
};

}  // namespace

std::expected<void, SqlMistake> check_sql_shape(std::string_view sql) {
  return Scanner(sql).check();
}

}  // namespace pgvigil::collectors
