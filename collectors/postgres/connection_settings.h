#pragma once

#include <cstdint>
#include <string>

#include "collectors/model/secret.h"

namespace pgvigil::postgres {

/// How a server is talked to: in SQL and transactions, or as the console of a pooler, which takes a command
/// of the simple protocol as it stands and knows no transaction, no SET and no cancelling.
enum class Manner : std::uint8_t { sql, console };

/// How to reach a server. Nothing here is resolved: the password is read anew at every connect, so that a
/// rotated one is taken up by itself.
struct ConnectionSettings {
  Secret dsn;                     ///< conninfo or URI; may be empty: libpq's PG* environment then decides
  std::string user;               ///< overrides the DSN's, unless empty
  std::string user_file;          ///< the user is the file's content without its last newline, unless empty
  std::string password_file;      ///< as user_file
  std::string password_variable;  ///< the environment variable that holds the password, unless empty
  Manner manner = Manner::sql;
  std::string default_database;  ///< where neither the DSN nor PGDATABASE names one, unless empty

  bool operator==(const ConnectionSettings&) const = default;
};

}  // namespace pgvigil::postgres
