#include "rules/promql/text.h"

#include <array>

#include "collectors/model/utf8.h"

namespace pgvigil::promql {
namespace {

constexpr std::string_view k_hex_digits = "0123456789abcdef";

constexpr DecodedCharacter k_ill_formed{k_replacement_character, 1, false};

bool is_surrogate(char32_t code_point) {
  return code_point >= 0xD800 && code_point < 0xE000;
}

/// How many bytes a character that begins with `lead` has; 0 for a byte that cannot begin one.
std::size_t sequence_width(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

void append_hex(std::string& text, char32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    text += k_hex_digits[(value >> shift) & 0xF];
}

std::optional<char> simple_escape(char32_t code_point) {
  switch (code_point) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '\\':
      return '\\';
    default:
      return std::nullopt;
  }
}

/// Characters that print as they are. Control characters, the C1 block, separators and private use do not.
bool is_printable(char32_t code_point) {
  if (code_point < 0x20 || (code_point >= 0x7F && code_point <= 0xA0) || code_point == 0xAD) return false;
  if (code_point >= 0x2000 && code_point <= 0x200F) return false;
  if (code_point >= 0x2028 && code_point <= 0x202F) return false;
  if (code_point == 0x3000 || code_point == 0xFEFF) return false;
  return !(code_point >= 0xE000 && code_point <= 0xF8FF) && code_point < 0xF0000;
}

void append_escaped(std::string& text, const DecodedCharacter& character, unsigned char byte, char quote) {
  char32_t code_point = character.code_point;
  if (!character.well_formed) {
    text += "\\x";
    append_hex(text, byte, 2);
  } else if (code_point == static_cast<char32_t>(quote)) {
    text += '\\';
    text += quote;
  } else if (std::optional<char> letter = simple_escape(code_point)) {
    text += '\\';
    text += *letter;
  } else if (is_printable(code_point)) {
    append_utf8(text, code_point);
  } else if (code_point < 0x20 || code_point == 0x7F) {
    text += "\\x";
    append_hex(text, code_point, 2);
  } else {
    text += code_point < 0x10000 ? "\\u" : "\\U";
    append_hex(text, code_point, code_point < 0x10000 ? 4 : 8);
  }
}

int digit_value(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return 16;
}

/// Reads `count` digits of `base` at `position`, and moves it behind them.
std::optional<char32_t> read_digits(std::string_view text, std::size_t& position, int count, int base) {
  char32_t value = 0;
  for (int i = 0; i < count; ++i, ++position) {
    if (position >= text.size() || digit_value(text[position]) >= base) return std::nullopt;
    value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(text[position]));
  }
  return value;
}

std::optional<char> control_character(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return std::nullopt;
  }
}

/// Appends what the escape says whose backslash stands before `position`. False when there is no such escape.
bool append_unescaped(std::string& text, std::string_view body, std::size_t& position, char quote) {
  if (position >= body.size()) return false;
  char letter = body[position];
  if (std::optional<char> control = control_character(letter)) {
    text += *control;
    ++position;
    return true;
  }
  if (letter == quote) {
    text += quote;
    ++position;
    return true;
  }
  bool octal = letter >= '0' && letter <= '7';
  if (!octal) ++position;
  std::optional<char32_t> value;
  if (octal)
    value = read_digits(body, position, 3, 8);
  else if (letter == 'x')
    value = read_digits(body, position, 2, 16);
  else if (letter == 'u')
    value = read_digits(body, position, 4, 16);
  else if (letter == 'U')
    value = read_digits(body, position, 8, 16);
  if (!value) return false;
  if (octal || letter == 'x') {
    if (*value > 0xFF) return false;
    text += static_cast<char>(*value);
    return true;
  }
  if (*value > 0x10FFFF || is_surrogate(*value)) return false;
  append_utf8(text, *value);
  return true;
}

template <typename Predicate>
bool is_name(std::string_view name, Predicate allowed) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char character : name) {
    bool digit = character >= '0' && character <= '9';
    bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    if (!digit && !letter && character != '_' && !allowed(character)) return false;
  }
  return true;
}

}  // namespace

DecodedCharacter decode_utf8(std::string_view text, std::size_t position) {
  if (position >= text.size()) return {0, 0, false};
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  std::size_t width = sequence_width(byte(0));
  if (width == 1) return {byte(0), 1, true};
  if (width == 0 || position + width > text.size()) return k_ill_formed;
  constexpr std::array<unsigned char, 5> k_lead_masks = {0, 0, 0x1F, 0x0F, 0x07};
  char32_t code_point = byte(0) & k_lead_masks[width];
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return k_ill_formed;
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  bool overlong = (width == 3 && code_point < 0x800) || (width == 4 && code_point < 0x10000);
  if (overlong || is_surrogate(code_point) || code_point > 0x10FFFF) return k_ill_formed;
  return {code_point, width, true};
}

void append_utf8(std::string& text, char32_t code_point) {
  auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  result.reserve(text.size() + 2);
  for (std::size_t i = 0; i < text.size();) {
    DecodedCharacter character = decode_utf8(text, i);
    append_escaped(result, character, static_cast<unsigned char>(text[i]), '"');
    i += character.width;
  }
  result += '"';
  return result;
}

std::string quoted_character(char32_t code_point) {
  std::string result = "'";
  append_escaped(result, {code_point, 1, true}, 0, '\'');
  result += '\'';
  return result;
}

std::optional<std::string> unquoted(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  char quote = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  if (quote == '`') return body.find('`') == body.npos ? std::optional(std::string(body)) : std::nullopt;
  if (quote != '"' && quote != '\'') return std::nullopt;
  std::string text;
  text.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] == quote || body[i] == '\n') return std::nullopt;
    if (body[i] != '\\') {
      text += body[i++];
    } else if (!append_unescaped(text, body, ++i, quote)) {
      return std::nullopt;
    }
  }
  return text;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& character : result) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return result;
}

bool is_plain_label_name(std::string_view name) {
  return is_name(name, [](char) { return false; });
}

bool is_plain_metric_name(std::string_view name) {
  return is_name(name, [](char character) { return character == ':'; });
}

bool is_utf8_label_name(std::string_view name) {
  return !name.empty() && is_utf8(name);
}

}  // namespace pgvigil::promql
