// The one door to libpg_query.

#include "collectors/postgres/sql_text.h"

#include <pg_query.h>

#include <algorithm>

namespace pgvigil::postgres {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_in_word(char c) {
  return begins_word(c) || is_digit(c) || c == '$';
}

/// Reads a statement token by token, by the lexical rules of PostgreSQL ("Lexical Structure"), and writes it
/// without literals and comments.
class Scrubber {
 public:
  explicit Scrubber(std::string_view sql) : sql_(sql) {}

  /// Nothing when a quote or a comment has no end.
  std::optional<std::string> scrub() {
    while (at_ < sql_.size() && good_)
      step();
    if (!good_) return std::nullopt;
    while (out_.ends_with(' '))
      out_.pop_back();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = sql_[at_];
    if (is_space(c)) return space(at_ + 1);
    if (here("--")) return space(std::min(sql_.size(), sql_.find('\n', at_)));
    if (here("/*")) return comment();
    if (c == '\'') return text(false);
    if (c == '"') return identifier();
    if (c == '$') return dollar();
    if (is_digit(c) || (c == '.' && at_ + 1 < sql_.size() && is_digit(sql_[at_ + 1]))) return number();
    if (begins_word(c)) return word();
    out_ += c;
    ++at_;
  }

  void space(std::size_t next) {
    if (!out_.empty() && !out_.ends_with(' ')) out_ += ' ';
    at_ = next;
  }

  /// Comments nest.
  void comment() {
    int depth = 0;
    for (; at_ < sql_.size(); ++at_) {
      if (here("/*"))
        ++depth, ++at_;
      else if (here("*/") && --depth == 0)
        return space(at_ + 2);
      else if (here("*/"))
        ++at_;
    }
    good_ = false;
  }

  void text(bool has_escapes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (has_escapes && sql_[at_] == '\\') {
        ++at_;
      } else if (here("''")) {
        ++at_;
      } else if (sql_[at_] == '\'') {
        ++at_;
        out_ += '?';
        return;
      }
    }
    good_ = false;
  }

  void identifier() {
    const std::size_t begin = at_;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (here("\"\"")) {
        ++at_;
      } else if (sql_[at_] == '"') {
        out_ += sql_.substr(begin, ++at_ - begin);
        return;
      }
    }
    good_ = false;
  }

  /// A parameter, or the quotes of a text.
  void dollar() {
    std::size_t end = at_ + 1;
    if (end < sql_.size() && is_digit(sql_[end])) {
      while (end < sql_.size() && is_digit(sql_[end]))
        ++end;
      out_ += sql_.substr(at_, end - at_);
      at_ = end;
      return;
    }
    while (end < sql_.size() && is_in_word(sql_[end]) && sql_[end] != '$')
      ++end;
    if (end == sql_.size() || sql_[end] != '$') {
      out_ += sql_[at_++];
      return;
    }
    const std::string_view quote = sql_.substr(at_, end + 1 - at_);
    const std::size_t close = sql_.find(quote, end + 1);
    good_ = close != std::string_view::npos;
    out_ += '?';
    at_ = good_ ? close + quote.size() : sql_.size();
  }

  void number() {
    const auto is_part = [&](std::size_t i) {
      const char c = sql_[i];
      const bool is_sign_of_exponent = (c == '+' || c == '-') && (sql_[i - 1] == 'e' || sql_[i - 1] == 'E');
      return is_digit(c) || begins_word(c) || c == '.' || is_sign_of_exponent;
    };
    do
      ++at_;
    while (at_ < sql_.size() && is_part(at_));
    out_ += '?';
  }

  void word() {
    std::size_t end = at_;
    while (end < sql_.size() && is_in_word(sql_[end]))
      ++end;
    const std::string_view word = sql_.substr(at_, end - at_);
    const bool before_text = end < sql_.size() && sql_[end] == '\'';
    constexpr std::string_view k_prefixes = "eEbBxXnN";
    if (before_text && word.size() == 1 && k_prefixes.contains(word.front())) {
      at_ = end;
      return text(word == "e" || word == "E");
    }
    if ((word == "U" || word == "u") && sql_.substr(end).starts_with("&'")) {
      at_ = end + 1;
      return text(false);
    }
    out_ += word;
    at_ = end;
  }

  bool here(std::string_view token) const { return sql_.substr(at_).starts_with(token); }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::string out_;
  bool good_ = true;
};

/// A statement's tree may be as deep as it is long ("1+1+1..."), and libpg_query walks it with a call for
/// each level: a stack of 2 MB ends between 2,500 and 6,000 of them, by what they are. A list of any length
/// has none.
bool may_be_too_deep(std::string_view sql) {
  constexpr std::size_t k_always_fits = 8192;
  constexpr std::size_t k_most_levels = 2500;
  constexpr std::string_view k_operators = "+-*/<>=~!@#%^&|`:";
  if (sql.size() <= k_always_fits) return false;
  std::size_t levels = 0;
  for (std::size_t at = 0; at < sql.size(); ++at)
    if (k_operators.contains(sql[at]) || (begins_word(sql[at]) && (at == 0 || !is_in_word(sql[at - 1]))))
      ++levels;
  return levels > k_most_levels;
}

}  // namespace

std::optional<std::string> normalised(std::string_view sql) {
  if (may_be_too_deep(sql)) return std::nullopt;
  const PgQueryNormalizeResult result = pg_query_normalize(std::string(sql).c_str());
  std::optional<std::string> text;
  if (result.error == nullptr && result.normalized_query != nullptr)
    text = Scrubber(result.normalized_query).scrub();
  pg_query_free_normalize_result(result);
  return text;
}

std::string discreet_name(std::string_view name) {
  constexpr std::size_t k_digits_of_a_value = 4;
  std::string shown;
  std::string word;
  const auto end_word = [&] {
    // An address of mail is a word, whatever it is made of.
    shown.append(word.contains('@') ? std::string_view("?") : std::string_view(word));
    word.clear();
  };
  for (std::size_t at = 0; at < name.size();) {
    const char c = name[at];
    if (c == '\'' || c == '"') {
      const std::size_t close = name.find(c, at + 1);
      at = close == name.npos ? name.size() : close + 1;
      word.push_back('?');
    } else if (c >= '0' && c <= '9') {
      const std::size_t end = std::min(name.find_first_not_of("0123456789", at), name.size());
      word.append(end - at < k_digits_of_a_value ? name.substr(at, end - at) : std::string_view("?"));
      at = end;
    } else {
      if (c == ' ') end_word();
      (c == ' ' ? shown : word).push_back(c);
      ++at;
    }
  }
  end_word();
  return shown;
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  text.resize(most);
  return text + "...";
}

}  // namespace pgvigil::postgres
