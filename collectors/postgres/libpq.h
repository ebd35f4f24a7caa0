#pragma once

#include <libpq-fe.h>

#include <memory>

namespace pgvigil::postgres {

/// Frees a C handle with its own function: std::unique_ptr<PGconn, Release<PQfinish>>.
template <auto Function>
struct Release {
  template <typename T>
  void operator()(T* handle) const {
    Function(handle);
  }
};

using PgConnection = std::unique_ptr<PGconn, Release<PQfinish>>;
using PgResult = std::unique_ptr<PGresult, Release<PQclear>>;
using PgCancel = std::unique_ptr<PGcancel, Release<PQfreeCancel>>;

}  // namespace pgvigil::postgres
