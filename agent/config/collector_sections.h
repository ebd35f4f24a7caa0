#pragma once

#include "agent/config/config.h"
#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// Reads every [collector.<name>] into `config.collectors` and applies it to `config.definitions`. With a
/// `complete` catalog, names of collectors and labels that are not in it are reported; without one (a
/// definition file has mistakes) nothing can be said of them.
void read_collector_sections(Section collectors, bool complete, Config& config);

}  // namespace pgvigil::agent
