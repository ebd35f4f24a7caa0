#include "agent/config/environment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace pgvigil::agent {

const std::string_view k_several_servers_hint = "Write a configuration with a [[server]] for each of them.";

namespace {

constexpr std::array<std::string_view, 2> k_schemes = {"postgresql://", "postgres://"};

/// The keywords with which somebody begins a connection string (PostgreSQL, "Parameter Key Words").
constexpr std::array<std::string_view, 12> k_first_keywords = {
    "host",    "hostaddr", "port",        "dbname",           "user",           "password", "passfile",
    "sslmode", "service",  "sslrootcert", "application_name", "connect_timeout"};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

bool begins_with_scheme(std::string_view text) {
  return std::ranges::any_of(k_schemes, [&](std::string_view scheme) { return text.starts_with(scheme); });
}

bool begins_with_keyword(std::string_view text) {
  return std::ranges::any_of(k_first_keywords, [&](std::string_view keyword) {
    return text.starts_with(keyword) && trimmed(text.substr(keyword.size())).starts_with('=');
  });
}

/// Of a variable and its _FILE form the file wins, as in postgres_exporter.
struct Source {
  std::string variable;
  std::optional<std::string> value;
  std::optional<std::string> file;
};

Source source_of(const Environment& environment, const std::string& variable) {
  return {variable, environment(variable), environment(variable + "_FILE")};
}

Diagnostic mistake(std::string message, std::string_view hint) {
  return {"environment", 0, 0, std::move(message), std::string(hint)};
}

/// The URI without its user. libpq takes the part after the scheme as it is.
std::expected<Secret, Diagnostic> dsn_of(const Source& uri, const FileReader& read_file) {
  std::string text = uri.value.value_or("");
  std::string variable = uri.variable;
  if (uri.file) {
    variable += "_FILE";
    const auto content = read_file(*uri.file);
    if (!content)
      return std::unexpected(mistake(variable + ": cannot read " + *uri.file + ": " + content.error(), ""));
    text = *content;
  }
  const std::string_view rest = trimmed(text);
  if (rest.empty())
    return std::unexpected(
        mistake(uri.file ? variable + ": " + *uri.file + " is empty" : variable + " is empty", ""));
  if (names_several_servers(rest))
    return std::unexpected(mistake(variable + " names more than one server", k_several_servers_hint));
  return Secret((begins_with_scheme(rest) ? "" : std::string(k_schemes.front())) + std::string(rest));
}

}  // namespace

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    // Nobody changes the environment once threads run.
    const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::expected<NamedServer, Diagnostic> server_from_environment(const Environment& environment,
                                                               const FileReader& read_file) {
  NamedServer server;
  if (auto dsn = environment("DATA_SOURCE_NAME")) {
    if (names_several_servers(*dsn))
      return std::unexpected(mistake("DATA_SOURCE_NAME names more than one server", k_several_servers_hint));
    server.connection.dsn = Secret(std::move(*dsn));
    server.origin = "DATA_SOURCE_NAME";
    return server;
  }
  server.origin = "libpq's environment (PG*)";
  if (const Source uri = source_of(environment, "DATA_SOURCE_URI"); uri.file || uri.value) {
    auto dsn = dsn_of(uri, read_file);
    if (!dsn) return std::unexpected(dsn.error());
    server.connection.dsn = std::move(*dsn);
    server.origin = uri.file ? "DATA_SOURCE_URI_FILE" : "DATA_SOURCE_URI";
  }
  const Source user = source_of(environment, "DATA_SOURCE_USER");
  if (user.file)
    server.connection.user_file = *user.file;
  else
    server.connection.user = user.value.value_or("");
  const Source password = source_of(environment, "DATA_SOURCE_PASS");
  if (password.file)
    server.connection.password_file = *password.file;
  else if (password.value)
    server.connection.password_variable = password.variable;
  return server;
}

bool environment_names_server(const Environment& environment) {
  return environment("DATA_SOURCE_NAME") || environment("DATA_SOURCE_URI") ||
         environment("DATA_SOURCE_URI_FILE");
}

bool names_several_servers(std::string_view dsn) {
  const bool is_uri = begins_with_scheme(dsn);
  bool quoted = false;
  for (std::size_t i = 0; i < dsn.size(); ++i) {
    if (!is_uri && dsn[i] == '\\') {
      ++i;
    } else if (!is_uri && dsn[i] == '\'') {
      quoted = !quoted;
    } else if (dsn[i] == ',' && !quoted) {
      const std::string_view next = trimmed(dsn.substr(i + 1));
      if (begins_with_scheme(next) || begins_with_keyword(next)) return true;
    }
  }
  return false;
}

}  // namespace pgvigil::agent
