#pragma once

#include <vector>

#include "agent/config/config.h"
#include "agent/config/parse.h"
#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// Reads [server], or every [[server]], and every [[pooler]] into `config.servers`; without any, and without
/// backups, there is one with all defaults.
/// Their sections come back, in the same order, for what can be checked only later.
std::vector<std::optional<Section>> read_servers(Section& root,
                                                 const std::string& config_file,
                                                 Config& config);

/// Where the file names no server, the environment does; what the file says beside it goes before. Reports
/// what the environment gets wrong.
void complete_servers(std::vector<std::optional<Section>>& sections,
                      const Surroundings& surroundings,
                      Config& config,
                      Diagnostics& elsewhere);

/// Reads [labels], [environment_labels] and the labels of each server, and reports every one that would stand
/// twice in a series. Prometheus would refuse the whole scrape.
void read_labels(Section& root,
                 const Surroundings& surroundings,
                 std::vector<std::optional<Section>>& servers,
                 Config& config,
                 Diagnostics& elsewhere);

/// Reads every [auth_module.<name>].
void read_auth_modules(Section& root,
                       const std::string& config_file,
                       const Surroundings& surroundings,
                       Config& config);

/// Adds the host to those who are watched, when [host] names anything of it. The last of all.
void add_host(const std::string& config_file, Config& config);

/// Adds the Patroni of each server that names one to those who are watched, with the server's name and
/// labels.
void add_patroni(const std::string& config_file, Config& config);

/// Makes a relative path relative to the configuration file, wherever the program was started.
void resolve_path(const std::string& config_file, std::string& path);

}  // namespace pgvigil::agent
