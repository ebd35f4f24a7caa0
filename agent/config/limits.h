#pragma once

#include <string>

#include "agent/config/config.h"
#include "collectors/sql_collector.h"

namespace pgvigil::agent {

/// The limits of one collector: its own section of the configuration, else the general ones.
collectors::CollectLimits limits_of(const Config& config, const std::string& collector);

/// The part of one core that the collector may take of the server; 0 when it may take any.
double database_share_of(const Config& config, const std::string& collector);

}  // namespace pgvigil::agent
