#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgvigil::promql {

/// U+FFFD: what an ill-formed byte reads as.
inline constexpr char32_t k_replacement_character = 0xFFFD;

struct DecodedCharacter {
  char32_t code_point;
  std::size_t width;  ///< bytes taken; 1 for an ill-formed byte, 0 at the end of the text
  bool well_formed;
};

/// The UTF-8 character at `position`.
DecodedCharacter decode_utf8(std::string_view text, std::size_t position);

void append_utf8(std::string& text, char32_t code_point);

/// `text` in double quotes with the escapes of Go's strconv.Quote, which PromQL reads back.
std::string quoted(std::string_view text);

/// A character in single quotes, as Go's %q prints a rune.
std::string quoted_character(char32_t code_point);

/// What a PromQL string literal says, with its quotes (", ' or `) on both ends. Nothing when it is malformed.
std::optional<std::string> unquoted(std::string_view literal);

/// ASCII letters in lower case, everything else as it is.
std::string lower_case(std::string_view text);

/// [a-zA-Z_][a-zA-Z0-9_]*: a label name that needs no quotes.
bool is_plain_label_name(std::string_view name);
/// [a-zA-Z_:][a-zA-Z0-9_:]*: a metric name that needs no quotes.
bool is_plain_metric_name(std::string_view name);
/// A label name under the UTF-8 rule: not empty and well-formed.
bool is_utf8_label_name(std::string_view name);

}  // namespace pgvigil::promql
