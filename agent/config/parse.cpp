#include "agent/config/parse.h"

#include <map>
#include <utility>

#include "agent/config/backup_sections.h"
#include "agent/config/collector_sections.h"
#include "agent/config/notify_sections.h"
#include "agent/config/options.h"
#include "agent/config/server_sections.h"

namespace pgvigil::agent {
namespace {

constexpr std::string_view k_default_folder = "collectors.d";
constexpr std::string_view k_rules_folder = "rules.d";

using Sections = std::map<std::string_view, Section>;

/// Reads every section with fixed keys; those that are there come back by name.
Sections read_fixed_sections(Section& root, Config& config) {
  Sections sections;
  for (const auto& group : option_groups()) {
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

/// Reads the sections with fixed keys.
Sections read_settings(Section& root, const std::string& path, Config& config) {
  Sections sections = read_fixed_sections(root, config);
  if (config.definitions_folder.empty()) config.definitions_folder = k_default_folder;
  resolve_path(path, config.definitions_folder);
  resolve_path(path, config.state.directory);
  if (!config.rules.directories_named) config.rules.directories = {std::string(k_rules_folder)};
  for (std::string& folder : config.rules.directories)
    resolve_path(path, folder);
  return sections;
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
  auto servers = read_servers(root, file.path, config);
  complete_servers(servers, surroundings, config, elsewhere);

  auto catalog = read_catalog(config, has(sections, "collect", "directory"), surroundings, elsewhere);
  if (catalog) config.definitions = std::move(*catalog);
  if (const auto collector = root.section("collector"))
    read_collector_sections(*collector, catalog.has_value(), config);
  if (const auto filter = root.section("filter")) read_general_filters(*filter, catalog.has_value(), config);
  read_auth_modules(root, file.path, surroundings, config);
  read_notify(root, file.path, config);
  read_labels(root, surroundings, servers, config, elsewhere);
  add_host(file.path, config);
  add_patroni(file.path, config);
  read_backups(root, file.path, config);
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
    std::vector<std::optional<Section>> no_sections(1);
    config.servers.emplace_back();
    complete_servers(no_sections, surroundings, config, diagnostics);
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
  config.rules.directories = {std::string(k_rules_folder)};
  resolve_path(file->path, config.rules.directories.front());
  const auto document = TomlDocument::parse(file->text, file->path);
  if (!document) return config;
  config.definitions_folder.clear();
  config.rules.directories.clear();
  Diagnostics ignored;
  Section root = document->root(ignored);
  read_settings(root, file->path, config);
  return config;
}

}  // namespace pgvigil::agent
