#pragma once

#include <string_view>

#include "collectors/model/error.h"
#include "collectors/postgres/libpq.h"

namespace pgvigil::postgres {

/// What a five-letter SQLSTATE means to us (PostgreSQL documentation, appendix A).
ErrorKind kind_of_sqlstate(std::string_view sqlstate);

/// What the server, or a pooler before it, said; `hint` is its own, for where we have none.
Error server_error(std::string_view sqlstate, std::string_view message, std::string_view hint);

/// The error that a result carries.
Error error_of(const PGresult* result);

/// Why a connection could not be made. The session must have been set to PQERRORS_VERBOSE before it was
/// polled: that is how libpq tells the SQLSTATE of a refused start-up.
Error connect_error_of(const PGconn* conn);

}  // namespace pgvigil::postgres
