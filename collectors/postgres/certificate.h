#pragma once

#include <optional>

#include "collectors/model/units.h"
#include "collectors/postgres/libpq.h"

namespace pgvigil::postgres {

/// When the first of the certificates that the server showed for this session (its own and those of its
/// authorities that it sent along) ends to be valid; nothing without TLS. The one door to OpenSSL's sessions.
std::optional<Timestamp> certificates_not_after(PGconn* conn);

}  // namespace pgvigil::postgres
