#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rules/template/template.h"

namespace pgvigil::rules::templates {

/// A token inside {{ }}.
struct Token {
  enum class Kind : std::uint8_t {
    space,
    word,      ///< if, humanize, true
    variable,  ///< $, $x
    field,     ///< .Name
    dot,       ///< . alone
    number,
    text,  ///< a string literal, unquoted in `text`
    pipe,
    open,
    close,
    declare,  ///< :=
    assign,   ///< =
    comma,
    end,
  };
  Kind kind = Kind::end;
  std::string text = {};
  std::size_t offset = 0;
};

/// A piece of a template: text, or the tokens of an action, which end with Kind::end.
struct Piece {
  bool is_action = false;
  std::string text = {};
  std::vector<Token> tokens = {};
  std::size_t offset = 0;
};

/// Cuts a template into its pieces; {{- and -}} have taken the white space beside them, comments are gone.
std::expected<std::vector<Piece>, TemplateError> split(std::string_view text);

}  // namespace pgvigil::rules::templates
