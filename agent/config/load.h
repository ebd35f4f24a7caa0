#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/environment.h"
#include "collectors/catalog.h"
#include "collectors/model/diagnostic.h"

namespace pgvigil::agent {

/// Reads the configuration `file`, or without one the environment, and the definition files it leads to.
std::expected<Config, Diagnostics> load_config(const std::optional<std::string>& file,
                                               const Environment& environment = process_environment());

/// The `*.toml` of a folder, by name; none when the folder is not there and need not be.
std::expected<std::vector<collectors::DefinitionFile>, Diagnostics> read_toml_folder(
    const std::string& folder, bool required);

/// Where a file with mistakes wants to be served, as far as it can be understood; else the defaults.
HttpConfig salvage_http(const std::optional<std::string>& file);

/// Everything that load_config() would read, as one text: another text means that a file has changed. Files
/// that cannot be read count as empty.
std::string config_content(const std::optional<std::string>& file,
                           const Environment& environment = process_environment());

/// The folders in which a change may change config_content(): those of the file, of the definitions and
/// rules that it names now, and of those of the configuration that is `in_force` (may be null). They need not
/// exist.
std::vector<std::string> config_folders(const std::optional<std::string>& file,
                                        const Config* in_force,
                                        const Environment& environment = process_environment());

}  // namespace pgvigil::agent
