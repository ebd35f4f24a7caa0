#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// A server as /probe names it.
struct ProbeAddress {
  std::string host;  ///< a name, or an IPv4 or IPv6 address without brackets; in lower case
  std::string port = "5432";
  std::string database;  ///< empty: the auth module says, or "postgres"
  std::string sslmode;   ///< holds where the auth module says none

  /// "host:port", which is what an auth module's globs are for.
  std::string endpoint() const;
  /// The same with the database, when there is one: what the target is called.
  std::string name() const;

  bool operator==(const ProbeAddress&) const = default;
};

/// "host:port", "host:port/database", or either as a URI with "postgresql://" and "?sslmode=...". Error
/// `configuration`, whose texts hold nothing of the target, for anything else: credentials and other
/// parameters are an auth module's.
std::expected<ProbeAddress, Error> parse_probe_address(std::string_view target);

/// Whether the module's credentials may be sent there.
bool allows(const AuthModule& module, const ProbeAddress& address);

/// What is watched when this target is probed with this module.
ServerConfig server_of(const ProbeAddress& address, const AuthModule& module);

}  // namespace pgvigil::agent
