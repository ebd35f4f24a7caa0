#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace pgvigil::collectors {

/// Why a text cannot be the query of a collector, and where.
struct SqlMistake {
  std::size_t offset = 0;  ///< in bytes
  std::string message;
  std::string hint;
};

/// Whether `sql` has the shape of one query that reads: it begins with select, with, show, table or values,
/// every quote and comment ends, and no ';' stands outside of them. The rest is for the server to say.
std::expected<void, SqlMistake> check_sql_shape(std::string_view sql);

}  // namespace pgvigil::collectors
