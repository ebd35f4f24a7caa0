#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgvigil::postgres {

/// The statement with every literal replaced: constants become parameters ($1, $2, as pg_stat_statements
/// writes them), and what is left of literals in utility statements (a password, a file's name) becomes ?.
/// Comments go, white space becomes one space. Nothing when the grammar (that of PostgreSQL 15) does not take
/// it, for then nobody knows what is a literal, or when it may nest too deep for the stack: of more than 8
/// kB, with thousands of words and operators. Names of tables, columns and roles stay. Any thread may call
/// it.
std::optional<std::string> normalised(std::string_view sql);

/// The name that a client gave itself (application_name), with what may be a literal in it as ?: what is in
/// quotes, words with an @, and numbers of four digits and more, such as that of a customer. Any thread may
/// call it.
std::string discreet_name(std::string_view name);

/// The first `most` bytes of a text, less a character that does not fit, and "..." where something was cut
/// off.
std::string shortened(std::string text, std::size_t most);

}  // namespace pgvigil::postgres
