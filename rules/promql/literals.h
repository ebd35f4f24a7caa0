#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rules/promql/token.h"

namespace pgvigil::promql {

/// A literal of a query: what it is and where it ends; or an error with what is wrong.
struct ScannedLiteral {
  TokenKind kind = TokenKind::error;
  std::size_t end = 0;
  std::string message = {};
};

/// The number (12, 0x1F, 1_000.5e3) or duration (1h30m) that begins at `begin`.
ScannedLiteral scan_number_or_duration(std::string_view query, std::size_t begin);

/// The string that begins with the quote at `begin`; its escapes are checked.
ScannedLiteral scan_string(std::string_view query, std::size_t begin);

}  // namespace pgvigil::promql
