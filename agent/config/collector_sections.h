#pragma once

#include "agent/config/config.h"
#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// Reads every [collector.<name>] into `config.collectors` and applies it to `config.definitions`. With a
/// `complete` catalog, names of collectors and labels that are not in it are reported; without one (a
/// definition file has mistakes) nothing can be said of them.
void read_collector_sections(Section collectors, bool complete, Config& config);

/// Reads [filter] into `config.filters`: label filters of every collector that has such a label. With a
/// `complete` catalog, a label that no collector has is reported.
void read_general_filters(Section filter, bool complete, Config& config);

}  // namespace pgvigil::agent
