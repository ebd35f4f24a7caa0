#include "agent/config/server_sections.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

#include "agent/config/options.h"
#include "agent/config/own_labels.h"
#include "collectors/model/names.h"

namespace pgvigil::agent {
namespace {

/// Labels that the formats keep for themselves.
constexpr std::array<std::string_view, 2> k_reserved_labels = {"le", "quantile"};

constexpr std::string_view k_server = "server";
constexpr std::string_view k_pooler = "pooler";
constexpr std::string_view k_backup = "backup";
constexpr std::string_view k_auth_module = "auth_module";

ServerConfig read_server(Section& section,
                         const OptionGroup<ServerConfig>& group,
                         const std::string& config_file) {
  ServerConfig server;
  read_options(section, group.options, server);
  group.check(section, server);
  resolve_path(config_file, server.connection.user_file);
  resolve_path(config_file, server.connection.password_file);
  return server;
}

/// A list tells its servers apart by their names, and the environment knows only one of them.
void check_entry(Section& section, const ServerConfig& server, const std::vector<ServerConfig>& before) {
  section.require("name");
  section.require("dsn");
  if (!server.name.empty() && std::ranges::find(before, server.name, &ServerConfig::name) != before.end())
    section.report("name", "another server is called '" + server.name + "'", "Each needs a name of its own.");
}

/// What the environment says of the only server.
void complete(ServerConfig& server, const Surroundings& surroundings, Diagnostics& elsewhere) {
  auto named = server_from_environment(surroundings.environment, surroundings.read_file);
  if (!named) return elsewhere.push_back(named.error());
  auto& connection = server.connection;
  server.origin = named->origin;
  const bool has_user = !connection.user.empty() || !connection.user_file.empty();
  const bool has_password = !connection.password_file.empty() || !connection.password_variable.empty();
  connection.dsn = std::move(named->connection.dsn);
  if (!has_user) {
    connection.user = std::move(named->connection.user);
    connection.user_file = std::move(named->connection.user_file);
  }
  if (!has_password) {
    connection.password_file = std::move(named->connection.password_file);
    connection.password_variable = std::move(named->connection.password_variable);
  }
}

void check_password_variable(Section& section,
                             const Surroundings& surroundings,
                             const postgres::ConnectionSettings& connection) {
  const std::string& variable = connection.password_variable;
  if (section.has("password_variable") && !variable.empty() && !surroundings.environment(variable))
    section.report("password_variable", "environment variable '" + variable + "' is not set");
}

std::map<std::string, std::string> read_map(Section& section) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : section.string_map()) {
    if (const auto label = LabelName::parse(name); !label)
      section.report_key(name, label.error().message, label.error().hint);
    else if (value.empty())
      section.report(name, "label '" + name + "' is empty", "An empty label is none: leave it out.");
    else
      labels.emplace(name, value);
  }
  return labels;
}

/// A probed target's name is its address.
bool any_is_named(const Config& config) {
  return !config.auth_modules.empty() ||
         !std::ranges::all_of(config.servers, &std::string::empty, &ServerConfig::name);
}

/// What `label` is already, for a message; empty when it is free.
std::string owner_of(const std::string& label, const Config& config) {
  const auto is_in = [&](const auto& labels) { return std::ranges::find(labels, label) != labels.end(); };
  if (is_in(k_own_labels) || is_in(k_reserved_labels)) return "is one of a metric of pgvigil itself";
  if (label == k_target_label && any_is_named(config)) return "holds the server's name";
  for (const collectors::Definition& definition : config.definitions)
    for (const collectors::MetricDefinition& metric : definition.metrics)
      if (is_in(metric.labels)) return "is one of metric '" + metric.name + "'";
  return "";
}

void check_labels(Section& section, const std::map<std::string, std::string>& labels, const Config& config) {
  for (const auto& [label, value] : labels)
    if (const std::string owner = owner_of(label, config); !owner.empty())
      section.report_key(label, "label '" + label + "' " + owner + " already", "Rename it.");
}

/// A collector may not give the label that tells servers apart, where there is one.
void check_definitions(const Config& config, Diagnostics& elsewhere) {
  if (!any_is_named(config)) return;
  for (const collectors::Definition& definition : config.definitions)
    for (const collectors::MetricDefinition& metric : definition.metrics)
      if (std::ranges::find(metric.labels, k_target_label) != metric.labels.end())
        elsewhere.push_back({definition.file, metric.line, 0,
                             "metric '" + metric.name + "' has the label '" + std::string(k_target_label) +
                                 "', which holds the server's name",
                             "Rename it, or leave the server's name out when there is only one."});
}

/// Connection parameters of libpq. Who connects, and where to, stands elsewhere.
std::map<std::string, std::string> read_options_of(Section section) {
  constexpr std::array<std::string_view, 8> k_elsewhere = {"host",     "hostaddr", "port",    "user",
                                                           "password", "passfile", "service", "servicefile"};
  std::map<std::string, std::string> options;
  for (auto& [name, value] : section.string_map()) {
    if (std::ranges::find(k_elsewhere, name) != k_elsewhere.end())
      section.report_key(name, "'" + name + "' is no option of an auth module",
                         "The target says where, and the module's own keys say who.");
    options.emplace(name, std::move(value));
  }
  return options;
}

}  // namespace

std::vector<std::optional<Section>> read_servers(Section& root,
                                                 const std::string& config_file,
                                                 Config& config) {
  std::vector<std::optional<Section>> sections;
  const auto read_list = [&](std::string_view name, const OptionGroup<ServerConfig>& group) {
    for (Section& section : root.sections(name)) {
      ServerConfig server = read_server(section, group, config_file);
      check_entry(section, server, config.servers);
      config.servers.push_back(std::move(server));
      sections.emplace_back(section);
    }
  };
  if (root.has_array(k_server)) {
    read_list(k_server, server_group());
  } else if (auto section = root.section(k_server)) {
    config.servers.push_back(read_server(*section, server_group(), config_file));
    sections.emplace_back(*section);
  }
  read_list(k_pooler, pooler_group());
  if (config.servers.empty() && !root.has(k_backup) && !root.has(k_auth_module)) {
    config.servers.emplace_back();
    sections.emplace_back();
  }
  return sections;
}

void complete_servers(std::vector<std::optional<Section>>& sections,
                      const Surroundings& surroundings,
                      Config& config,
                      Diagnostics& elsewhere) {
  const auto servers = std::ranges::count(config.servers, ServerKind::postgres, &ServerConfig::kind);
  // A file that has poolers, backups or auth modules only leaves the server to the environment, when that
  // names one.
  if (servers == 0 && environment_names_server(surroundings.environment)) {
    config.servers.emplace(config.servers.begin());
    sections.emplace(sections.begin());
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    ServerConfig& server = config.servers[i];
    if (server.kind != ServerKind::postgres || servers > 1 || (sections[i] && sections[i]->has("dsn")))
      server.origin = config.file;
    else
      complete(server, surroundings, elsewhere);
    if (sections[i]) check_password_variable(*sections[i], surroundings, server.connection);
  }
}

void read_labels(Section& root,
                 const Surroundings& surroundings,
                 std::vector<std::optional<Section>>& servers,
                 Config& config,
                 Diagnostics& elsewhere) {
  if (auto section = root.section("labels")) {
    config.labels = read_map(*section);
    check_labels(*section, config.labels, config);
  }
  if (auto section = root.section("environment_labels")) {
    const auto variables = read_map(*section);
    check_labels(*section, variables, config);
    for (const auto& [label, variable] : variables)
      if (auto text = surroundings.environment(variable)) config.labels.emplace(label, std::move(*text));
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!servers[i]) continue;
    if (auto section = servers[i]->section("labels")) {
      config.servers[i].labels = read_map(*section);
      check_labels(*section, config.servers[i].labels, config);
    }
    servers[i]->finish();
  }
  check_definitions(config, elsewhere);
}

void read_auth_modules(Section& root,
                       const std::string& config_file,
                       const Surroundings& surroundings,
                       Config& config) {
  auto modules = root.section(k_auth_module);
  if (!modules) return;
  const auto group = auth_module_group();
  for (auto& [name, section] : modules->children()) {
    AuthModule module;
    read_options(section, group.options, module);
    group.check(section, module);
    if (auto options = section.section("options")) module.options = read_options_of(*options);
    check_password_variable(section, surroundings, module.credentials);
    resolve_path(config_file, module.credentials.user_file);
    resolve_path(config_file, module.credentials.password_file);
    section.finish();
    config.auth_modules.emplace(name, std::move(module));
  }
}

void add_host(const std::string& config_file, Config& config) {
  resolve_path(config_file, config.host.cgroup);
  for (host::Volume& volume : config.host.volumes)
    resolve_path(config_file, volume.path);
  if (config.host != host::HostPaths{})
    config.servers.push_back({.kind = ServerKind::host, .host = config.host});
}

void add_patroni(const std::string& config_file, Config& config) {
  std::vector<ServerConfig> added;
  for (ServerConfig& server : config.servers) {
    // Its address is none of the server's own: another one is no reason to connect anew.
    patroni::Address address = std::exchange(server.patroni, {});
    if (address.url.empty()) continue;
    resolve_path(config_file, address.ca_file);
    added.push_back({.kind = ServerKind::patroni,
                     .name = server.name,
                     .labels = server.labels,
                     .patroni = std::move(address)});
  }
  config.servers.insert(config.servers.end(), std::make_move_iterator(added.begin()),
                        std::make_move_iterator(added.end()));
}

void resolve_path(const std::string& config_file, std::string& path) {
  if (path.empty()) return;
  path = (std::filesystem::path(config_file).parent_path() / path).lexically_normal().string();
}

}  // namespace pgvigil::agent
