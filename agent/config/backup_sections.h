#pragma once

#include <string>

#include "agent/config/config.h"
#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// Reads [backup], or every [[backup]], and adds the backups of each server to those who are watched. Call it
/// when all servers are known.
void read_backups(Section& root, const std::string& config_file, Config& config);

}  // namespace pgvigil::agent
