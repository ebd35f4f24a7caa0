#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"
#include "collectors/server_kind.h"

namespace pgvigil::postgres {

class Connection;

enum class Role : std::uint8_t { primary, standby };

struct Extension {
  std::string name;
  std::string version;
  std::string schema;  ///< where its functions and views are
  bool operator==(const Extension&) const = default;
};

/// What the plans of the collectors depend on. Read on every connect and every minute.
struct ServerFacts {
  ServerKind kind =
      ServerKind::postgres;   ///< of a pooler: version, short_version, endpoint, user and database
  int version_number = 0;     ///< server_version_num: 150020; of a pooler its release, see pooler_release()
  std::string version;        ///< version(): the whole sentence
  std::string short_version;  ///< server_version: "15.20 (Debian 15.20-0+deb12u1)"
  Role role = Role::primary;
  std::string endpoint;  ///< where we reached it: "127.0.0.1:5432"
  std::string user;
  std::string database;
  bool superuser = false;
  std::vector<std::string> roles;                     ///< predefined roles (pg_*) whose rights the user has
  std::vector<Extension> extensions;                  ///< of the connected database
  std::optional<std::vector<std::string>> preloaded;  ///< libraries; nothing: the user may not know
  std::vector<std::string> databases;  ///< that accept connections, are no templates, and may be connected to
  Timestamp postmaster_start;          ///< epoch for a pooler, which does not tell
  int session = 0;  ///< of a pooler: tells this session, which ends when it restarts, from others
  std::string system_identifier;  ///< uint64 in decimal; empty when the server does not tell

  int major() const { return version_number / 10'000; }
  /// What the versions of a definition are compared with.
  int release() const { return is_pooler(kind) ? version_number : major(); }
  bool has_role(std::string_view name) const;
  bool has_extension(std::string_view name) const { return find_extension(name) != nullptr; }
  const Extension* find_extension(std::string_view name) const;  ///< null: not installed
  bool lacks_library(std::string_view name) const;               ///< known not to be preloaded
  bool operator==(const ServerFacts&) const = default;
};

std::string_view to_string(Role role);

/// Asks the server. One round trip (a second one for the system identifier, which some providers deny).
std::expected<ServerFacts, Error> read_server_facts(Connection& connection, Deadline deadline);

/// read_server_facts(), or read_pooler_facts() of a pooler.
std::expected<ServerFacts, Error> read_facts(Connection& connection, ServerKind kind, Deadline deadline);

/// Asks the console of a pooler for its version. Error `configuration` when it is another product than
/// `kind`, or a version without a number.
std::expected<ServerFacts, Error> read_pooler_facts(Connection& console, ServerKind kind, Deadline deadline);

/// What a pooler's own version text says: "PgBouncer 1.18.0", "4.3.5 (tamahomeboshi)". Error `configuration`,
/// as above.
std::expected<int, Error> parse_pooler_release(ServerKind kind, std::string_view text);

}  // namespace pgvigil::postgres
