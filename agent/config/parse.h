#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/environment.h"
#include "collectors/catalog.h"
#include "collectors/model/diagnostic.h"

namespace pgvigil::agent {

/// A configuration file: its path and its text.
struct ConfigFile {
  std::string path;
  std::string text;
};

/// Reads every definition file of a folder, sorted by name. A folder that is not there has none, unless it is
/// `required`.
using DefinitionReader = std::function<std::expected<std::vector<collectors::DefinitionFile>, Diagnostics>(
    const std::string& folder, bool required)>;

/// What a configuration depends on beside its own text.
struct Surroundings {
  Environment environment;
  FileReader read_file;
  DefinitionReader read_definitions;
};

/// The configuration that `file` and the environment make; without a file, the environment alone. All
/// mistakes are reported at once, those of definition files included. Does no I/O but through `surroundings`.
std::expected<Config, Diagnostics> parse_config(const std::optional<ConfigFile>& file,
                                                const Surroundings& surroundings);

/// What can be understood of a file in spite of its mistakes, without its collectors and its server: where to
/// serve and which folder holds definitions.
Config salvage_config(const std::optional<ConfigFile>& file);

}  // namespace pgvigil::agent
