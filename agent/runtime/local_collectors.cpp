#include "agent/runtime/local_collectors.h"

#include "agent/runtime/backup_fetch.h"
#include "collectors/backups/backup_collector.h"
#include "collectors/host/host_collector.h"

namespace pgvigil::agent {

std::unique_ptr<collectors::LocalCollector> local_collector(const ServerConfig& server) {
  if (server.kind == ServerKind::backups)
    return std::make_unique<backups::BackupCollector>(server.backups, backup_fetch());
  return std::make_unique<host::HostCollector>(server.host);
}

}  // namespace pgvigil::agent
