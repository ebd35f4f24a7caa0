#include "agent/runtime/probe_address.h"

#include <algorithm>
#include <array>

#include "agent/http/request_target.h"
#include "collectors/label_filter.h"

namespace pgvigil::agent {
namespace {

constexpr std::array<std::string_view, 6> k_ssl_modes = {"disable", "allow",     "prefer",
                                                         "require", "verify-ca", "verify-full"};

std::unexpected<Error> refused(std::string message, std::string hint) {
  return std::unexpected(Error{ErrorKind::configuration, std::move(message), std::move(hint)});
}

bool is_host(std::string_view text, bool bracketed) {
  const auto may_stand = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
  };
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, may_stand);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "host:port", "host", "[v6]:port", "[v6]".
bool take_authority(std::string_view authority, ProbeAddress& address) {
  const bool bracketed = authority.starts_with('[');
  const auto end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string_view::npos) return false;
  address.host = authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  std::ranges::transform(address.host, address.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string_view rest =
      bracketed ? authority.substr(end + 1) : authority.substr(std::min(end, authority.size()));
  if (!rest.empty()) {
    if (!rest.starts_with(':') || !is_port(rest.substr(1))) return false;
    address.port = rest.substr(1);
  }
  return is_host(address.host, bracketed);
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// A value of a connection string.
std::string quoted(std::string_view value) {
  std::string text = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

std::string ProbeAddress::endpoint() const {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + port;
}

std::string ProbeAddress::name() const {
  return endpoint() + (database.empty() ? "" : "/" + database);
}

std::expected<ProbeAddress, Error> parse_probe_address(std::string_view target) {
  constexpr const char* k_form =
      "A target is host:port, host:port/database or postgresql://host:port/database.";
  constexpr const char* k_module = "Credentials and parameters stand in the auth module.";
  for (const std::string_view scheme : {"postgresql://", "postgres://"})
    if (target.starts_with(scheme)) target.remove_prefix(scheme.size());
  const auto path_at = std::min(target.find_first_of("/?"), target.size());
  const std::string_view authority = target.substr(0, path_at);
  if (authority.contains('@')) return refused("the target holds a user", k_module);
  if (target.contains('=') && path_at == target.size()) return refused("the target is no address", k_form);
  ProbeAddress address;
  if (!take_authority(authority, address)) return refused("the target is no address", k_form);
  if (path_at == target.size()) return address;

  std::string path(target.substr(path_at));
  if (path.starts_with('?')) path.insert(0, "/");
  const auto parts = parse_request_target(path);
  if (!parts) return refused("the target is no address", k_form);
  address.database = parts->path.substr(1);
  if (!is_printable(address.database) || address.database.size() > 63)
    return refused("the target's database has an impossible name", k_form);
  for (const auto& [key, value] : parts->parameters) {
    if (key != "sslmode") return refused("the target has a parameter other than sslmode", k_module);
    if (std::ranges::find(k_ssl_modes, value) == k_ssl_modes.end())
      return refused("the target's sslmode is none that libpq knows", "");
    address.sslmode = value;
  }
  return address;
}

bool allows(const AuthModule& module, const ProbeAddress& address) {
  return !collectors::chosen_by(module.targets, {address.endpoint()}).empty();
}

ServerConfig server_of(const ProbeAddress& address, const AuthModule& module) {
  auto parameters = module.options;
  parameters["host"] = address.host;
  parameters["port"] = address.port;
  parameters.emplace("dbname", "postgres");
  if (!address.database.empty()) parameters["dbname"] = address.database;
  // Nobody who asks can have the credentials sent with less care than the module says.
  if (!address.sslmode.empty()) parameters.emplace("sslmode", address.sslmode);
  std::string dsn;
  for (const auto& [key, value] : parameters)
    dsn += (dsn.empty() ? "" : " ") + key + "=" + quoted(value);

  ServerConfig server;
  server.name = address.name();
  server.connection = module.credentials;
  server.connection.dsn = Secret(std::move(dsn));
  server.origin = "/probe";
  return server;
}

}  // namespace pgvigil::agent
