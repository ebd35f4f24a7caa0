#include "agent/config/parse.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include "agent/config/collector_sections.h"
#include "agent/config/options.h"
#include "collectors/model/names.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_default_folder = "collectors.d";

/// Relative paths are relative to the configuration file, wherever the program was started.
void resolve_path(const std::string& config_file, std::string& path) {
  if (path.empty()) return;
  path = (std::filesystem::path(config_file).parent_path() / path).lexically_normal().string();
}

using Sections = std::map<std::string_view, Section>;

/// Reads every section with fixed keys; those that are there come back by name.
Sections read_fixed_sections(Section& root, Config& config) {
  Sections sections;
  for (const OptionGroup& group : option_groups()) {
    auto section = root.section(group.section);
    if (!section) continue;
    read_options(*section, group.options, config);
    if (group.check) group.check(*section, config);
    section->finish();
    sections.emplace(group.section, *section);
  }
  return sections;
}

bool has(const Sections& sections, std::string_view section, std::string_view key) {
  const auto found = sections.find(section);
  return found != sections.end() && found->second.has(key);
}

void read_labels(Section section, Config& config) {
  for (const auto& [name, value] : section.string_map()) {
    if (const auto label = LabelName::parse(name); !label)
      section.report_key(name, label.error().message, label.error().hint);
    else if (value.empty())
      section.report(name, "label '" + name + "' is empty", "An empty label is none: leave it out.");
    else
      config.labels.emplace(name, value);
  }
}

/// Reads the whole file but [labels] and [collector.*].
Sections read_settings(Section& root, const std::string& path, Config& config) {
  Sections sections = read_fixed_sections(root, config);
  resolve_path(path, config.server.connection.user_file);
  resolve_path(path, config.server.connection.password_file);
  if (config.definitions_folder.empty()) config.definitions_folder = k_default_folder;
  resolve_path(path, config.definitions_folder);
  return sections;
}

/// The server: the file's, where it names one; else the environment's, with what the file says beside it.
void choose_server(bool file_has_dsn,
                   const Surroundings& surroundings,
                   Config& config,
                   Diagnostics& diagnostics) {
  auto& connection = config.server.connection;
  if (file_has_dsn) {
    config.server.origin = config.file;
  } else {
    auto named = server_from_environment(surroundings.environment, surroundings.read_file);
    if (!named) return diagnostics.push_back(named.error());
    config.server.origin = named->origin;
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
}

/// The mistakes of several files, in the order in which they were read.
void append(Diagnostics& to, Diagnostics from) {
  for (Diagnostic& diagnostic : from)
    to.push_back(std::move(diagnostic));
}

/// The catalog, when all definition files are good.
std::optional<std::vector<collectors::Definition>> read_catalog(const Config& config,
                                                                bool folder_is_named,
                                                                const Surroundings& surroundings,
                                                                Diagnostics& diagnostics) {
  std::vector<collectors::DefinitionFile> files;
  if (!config.definitions_folder.empty()) {
    auto read = surroundings.read_definitions(config.definitions_folder, folder_is_named);
    if (!read) {
      append(diagnostics, std::move(read.error()));
      return std::nullopt;
    }
    files = std::move(*read);
  }
  auto catalog = collectors::load_catalog(files);
  if (catalog) return std::move(*catalog);
  append(diagnostics, std::move(catalog.error()));
  return std::nullopt;
}

/// Labels that pgvigil's metrics about itself carry (runtime/self_*.cpp), and those that the format reserves.
constexpr std::array<std::string_view, 13> k_own_labels = {
    "code",   "collector", "compiler", "handler",           "kind",   "le", "quantile", "reason",
    "result", "role",      "state",    "system_identifier", "version"};

/// Whose metric carries `label`, for a message; empty when nobody's does.
std::string owner_of(const std::string& label, const Config& config) {
  if (std::ranges::find(k_own_labels, label) != k_own_labels.end()) return "a metric of pgvigil itself";
  for (const collectors::Definition& definition : config.definitions)
    for (const collectors::MetricDefinition& metric : definition.metrics)
      if (std::ranges::find(metric.labels, label) != metric.labels.end())
        return "metric '" + metric.name + "'";
  return "";
}

/// A label of the configuration that a metric carries as well would stand twice in a series: Prometheus would
/// refuse the whole scrape.
void check_labels(Section section, const Config& config) {
  for (const auto& [label, value] : config.labels)
    if (const std::string owner = owner_of(label, config); !owner.empty())
      section.report_key(label, "label '" + label + "' is one of " + owner + " already", "Rename it.");
}

void check_password_variable(Section server, const Surroundings& surroundings, const Config& config) {
  const std::string& variable = config.server.connection.password_variable;
  if (server.has("password_variable") && !variable.empty() && !surroundings.environment(variable))
    server.report("password_variable", "environment variable '" + variable + "' is not set");
}

/// Reads `file` into `config`; what depends on the catalog is only read when there is one.
void read_file(const ConfigFile& file,
               const Surroundings& surroundings,
               Config& config,
               Diagnostics& diagnostics) {
  const auto document = TomlDocument::parse(file.text, file.path);
  if (!document) return diagnostics.push_back(document.error());
  Diagnostics elsewhere;
  Section root = document->root(diagnostics);
  const Sections sections = read_settings(root, file.path, config);
  choose_server(has(sections, "server", "dsn"), surroundings, config, elsewhere);
  if (const auto server = sections.find("server"); server != sections.end())
    check_password_variable(server->second, surroundings, config);

  auto catalog = read_catalog(config, has(sections, "collect", "directory"), surroundings, elsewhere);
  if (catalog) config.definitions = std::move(*catalog);
  if (const auto collector = root.section("collector"))
    read_collector_sections(*collector, catalog.has_value(), config);
  if (const auto labels = root.section("labels")) {
    read_labels(*labels, config);
    check_labels(*labels, config);
  }
  root.finish();
  sort_by_place(diagnostics);
  append(diagnostics, std::move(elsewhere));
}

}  // namespace

std::expected<Config, Diagnostics> parse_config(const std::optional<ConfigFile>& file,
                                                const Surroundings& surroundings) {
  Config config;
  Diagnostics diagnostics;
  if (file) {
    config.file = file->path;
    read_file(*file, surroundings, config, diagnostics);
  } else {
    choose_server(false, surroundings, config, diagnostics);
    auto catalog = read_catalog(config, false, surroundings, diagnostics);
    if (catalog) config.definitions = std::move(*catalog);
  }
  if (!diagnostics.empty()) return std::unexpected(std::move(diagnostics));
  return config;
}

Config salvage_config(const std::optional<ConfigFile>& file) {
  Config config;
  if (!file) return config;
  config.file = file->path;
  config.definitions_folder = k_default_folder;
  resolve_path(file->path, config.definitions_folder);
  const auto document = TomlDocument::parse(file->text, file->path);
  if (!document) return config;
  config.definitions_folder.clear();
  Diagnostics ignored;
  Section root = document->root(ignored);
  read_settings(root, file->path, config);
  return config;
}

}  // namespace pgvigil::agent
