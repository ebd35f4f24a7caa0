#pragma once

#include <string>
#include <string_view>

namespace pgvigil {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// `text` with every ill-formed byte replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);

}  // namespace pgvigil
