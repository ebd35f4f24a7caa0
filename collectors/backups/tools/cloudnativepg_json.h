#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// What the objects of CloudNativePG tell: a list of Cluster, Backup, ScheduledBackup and ObjectStore (of
/// barman-cloud's plugin), as `kubectl get clusters,backups,scheduledbackups,objectstores -o json` writes it.
/// Without `cluster` the only one is taken. The operator's own metrics stay 0 with plugins, so they are not
/// looked at.
std::expected<Reading, Error> parse_cloudnativepg(std::string_view json, std::string_view cluster);
/// The same of several lists, as the API server gives one for each kind.
std::expected<Reading, Error> parse_cloudnativepg(std::span<const std::string> lists,
                                                  std::string_view cluster);

}  // namespace pgvigil::backups
