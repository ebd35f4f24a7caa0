#pragma once

#include <memory>

#include "agent/config/config.h"
#include "collectors/local_collector.h"

namespace pgvigil::agent {

/// Who collects about `server`, which is watched without a session (see is_local()).
std::unique_ptr<collectors::LocalCollector> local_collector(const ServerConfig& server);

}  // namespace pgvigil::agent
