#include "agent/config/backup_sections.h"

#include <algorithm>

#include "agent/config/options.h"
#include "agent/config/server_sections.h"

namespace pgvigil::agent {
namespace {

using backups::Source;
using backups::Tool;

constexpr std::string_view k_backup = "backup";

/// What this tool cannot do without.
void check_tool(Section& section, const Source& source) {
  const auto wants = [&](std::string_view key, bool is_there, std::string_view why) {
    if (!is_there)
      section.report_here("backup '" + source.name + "' needs '" + std::string(key) + "'", std::string(why));
  };
  switch (source.tool) {
    case Tool::pgbackrest:
    case Tool::barman:
    case Tool::wal_g:
    case Tool::cloudnativepg:
      break;
    case Tool::dumps:
    case Tool::base_backups:
      wants("directory", !source.directory.empty(), "Name the folder that holds them.");
      break;
  }
}

Source read_source(Section& section, const std::string& config_file) {
  Source source;
  read_options(section, backup_group().options, source);
  if (source.name.empty()) source.name = to_string(source.tool);
  for (std::string* path :
       {&source.config_file, &source.directory, &source.file, &source.archive, &source.drills})
    resolve_path(config_file, *path);
  if (source.program.contains('/')) resolve_path(config_file, source.program);
  check_tool(section, source);
  section.finish();
  return source;
}

/// The server that the source names, or the only one; nothing when there is none.
const ServerConfig* server_of(Section& section, const Source& source, const Config& config) {
  std::vector<const ServerConfig*> servers;
  std::vector<std::string_view> names;
  for (const ServerConfig& server : config.servers) {
    if (server.kind != ServerKind::postgres) continue;
    if (source.server.empty() || server.name == source.server) servers.push_back(&server);
    names.emplace_back(server.name);
  }
  if (servers.size() == 1) return servers[0];
  if (!source.server.empty() && servers.empty()) {
    const auto meant = nearest(source.server, names);
    section.report("server", "no server is called '" + source.server + "'",
                   meant.empty() ? "" : "Did you mean '" + std::string(meant) + "'?");
  } else if (servers.size() > 1) {
    section.report_here("backup '" + source.name + "' does not say whose it is",
                        "Name one of the servers: server = \"" + std::string(names.front()) + "\".");
  }
  return nullptr;
}

/// The entry of the server's backups among those who are watched.
ServerConfig& entry_of(const ServerConfig* server, Config& config) {
  const std::string name = server == nullptr ? "" : server->name;
  const auto labels = server == nullptr ? std::map<std::string, std::string>{} : server->labels;
  const auto settings =
      server == nullptr ? std::nullopt : std::optional<postgres::ConnectionSettings>(server->connection);
  const auto found = std::ranges::find_if(config.servers, [&](const ServerConfig& each) {
    return each.kind == ServerKind::backups && each.name == name;
  });
  if (found != config.servers.end()) return *found;
  config.servers.push_back(
      {.kind = ServerKind::backups, .name = name, .labels = labels, .backups = {{}, settings}});
  return config.servers.back();
}

void add_source(Section section, const std::string& config_file, Config& config) {
  Source source = read_source(section, config_file);
  const ServerConfig* server = server_of(section, source, config);
  std::vector<Source>& sources = entry_of(server, config).backups.sources;
  if (std::ranges::find(sources, source.name, &Source::name) != sources.end())
    return section.report("name", "another backup is called '" + source.name + "'",
                          "Each needs a name of its own.");
  sources.push_back(std::move(source));
}

}  // namespace

void read_backups(Section& root, const std::string& config_file, Config& config) {
  if (root.has_array(k_backup)) {
    for (const Section& section : root.sections(k_backup))
      add_source(section, config_file, config);
  } else if (const auto section = root.section(k_backup)) {
    add_source(*section, config_file, config);
  }
}

}  // namespace pgvigil::agent
