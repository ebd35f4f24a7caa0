#include "agent/watching/target/local_collectors.h"

#include "agent/watching/target/backup_fetch.h"
#include "agent/watching/target/patroni_api.h"
#include "collectors/backups/backup_collector.h"
#include "collectors/host/host_collector.h"

namespace pgvigil::agent {

std::unique_ptr<collectors::LocalCollector> local_collector(const ServerConfig& server) {
  if (server.kind == ServerKind::backups)
    return std::make_unique<backups::BackupCollector>(server.backups, backup_fetch());
  if (server.kind == ServerKind::patroni)
    return std::make_unique<patroni::PatroniCollector>(patroni_api(server.patroni));
  return std::make_unique<host::HostCollector>(server.host);
}

}  // namespace pgvigil::agent
