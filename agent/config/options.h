#pragma once

#include <vector>

#include "agent/config/config.h"
#include "agent/options/option.h"

namespace pgvigil::agent {

/// Every section that is there once, in the order of the documentation.
std::vector<OptionGroup<Config>> option_groups();

/// [server] and [[server]], without `labels`.
OptionGroup<ServerConfig> server_group();

/// [auth_module.<name>], without `options`.
OptionGroup<AuthModule> auth_module_group();

/// [[pooler]], without `labels`.
OptionGroup<ServerConfig> pooler_group();

/// [backup] and [[backup]].
OptionGroup<backups::Source> backup_group();

/// The keys of [collector.<name>], without `filter`.
std::vector<Option<CollectorConfig>> collector_options();

}  // namespace pgvigil::agent
