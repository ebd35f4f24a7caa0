#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgvigil {

/// What went wrong, in the words that a metric label, a log line and a person use.
enum class ErrorKind : std::uint8_t {
  configuration,         ///< a setting or a definition is wrong
  unreachable,           ///< no connection: refused, unknown host, no route, not a Postgres
  authentication,        ///< the server or its pg_hba.conf refuses this user
  too_many_connections,  ///< SQLSTATE 53300
  not_accepting,         ///< SQLSTATE 57P01 to 57P03: shutting down, starting up, in recovery
  connection_lost,       ///< the session ended while it was in use
  timed_out,             ///< the deadline passed and the server had not answered
  cancelled,             ///< SQLSTATE 57014: statement_timeout, or somebody cancelled it
  lock_timeout,          ///< SQLSTATE 55P03
  permission,            ///< SQLSTATE 42501
  undefined,             ///< a database, relation, column or function that this server does not have
  query,                 ///< any other error that the server reports
  interrupted,           ///< pgvigil itself is stopping
  limit,                 ///< a limit of our own
  storage,               ///< a file of our own: no room, no permission, damaged
  internal,              ///< a fault of our own
};

/// The name of a kind as metrics and logs spell it, for example "lock_timeout".
std::string_view to_string(ErrorKind kind);

/// Whether the server itself said so: an error that proves it alive.
bool server_answered(ErrorKind kind);

/// An outcome that is not the wanted one. `message` is lower case, names the thing and has no full stop;
/// `hint` is a sentence that says what to do, or empty.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string hint = {};

  bool operator==(const Error&) const = default;
};

}  // namespace pgvigil
