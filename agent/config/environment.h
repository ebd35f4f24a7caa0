#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/diagnostic.h"
#include "collectors/postgres/connection_settings.h"

namespace pgvigil::agent {

/// Looks an environment variable up. One that is empty counts as not set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

/// Reads a whole file; the error says why not ("No such file or directory").
using FileReader = std::function<std::expected<std::string, std::string>(const std::string&)>;

/// The environment of this process.
Environment process_environment();

/// Which server is watched, and who said so.
struct NamedServer {
  postgres::ConnectionSettings connection;
  std::string origin;  ///< "DATA_SOURCE_NAME", "DATA_SOURCE_URI", or "libpq's environment (PG*)"
};

/// The server that the environment names, as postgres_exporter does: DATA_SOURCE_NAME; else DATA_SOURCE_URI
/// (host, port, database and parameters, without a user) with DATA_SOURCE_USER and DATA_SOURCE_PASS, or the
/// files that DATA_SOURCE_URI_FILE, _USER_FILE and _PASS_FILE name; else whatever libpq finds for itself.
/// User and password stay apart from the URI, so that no character of theirs has to be escaped, and their
/// files are read at each connect.
std::expected<NamedServer, Diagnostic> server_from_environment(const Environment& environment,
                                                               const FileReader& read_file);

/// Whether the environment names a server otherwise than by libpq's own variables.
bool environment_names_server(const Environment& environment);

/// Whether `dsn` is a comma-separated list of DSNs, as postgres_exporter takes it. Commas inside of one DSN
/// (several hosts of one server, quoted values) do not count.
bool names_several_servers(std::string_view dsn);

/// What to do about it.
extern const std::string_view k_several_servers_hint;

}  // namespace pgvigil::agent
