#pragma once

#include <string>
#include <string_view>

namespace pgvigil::rules::advice {

/// "orders", "\"Orders\"": in quotes whenever it is not plainly lower case, and when it is a word that SQL
/// has taken.
std::string quoted_identifier(std::string_view name);

/// "public.orders"
std::string qualified(std::string_view schema, std::string_view name);

/// 'it''s', for any setting of standard_conforming_strings: with a backslash it is E'...'.
std::string quoted_literal(std::string_view text);

/// What pg_get_indexdef() gives, as it builds the index without locking its table: CREATE INDEX CONCURRENTLY
/// ...;
std::string create_concurrently(std::string_view definition);

/// Every line as a comment.
std::string commented(std::string_view text);

}  // namespace pgvigil::rules::advice
