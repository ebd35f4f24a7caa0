#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// What `barman -f json list-backups SERVER` tells (Barman 3.4 to 3.17). Without `server` the only one is
/// taken. An error when the text is no such JSON, holds no such server, or is what Barman writes when it
/// fails.
std::expected<std::vector<Backup>, Error> parse_barman_backups(std::string_view json,
                                                               std::string_view server);

/// What `barman -f json check SERVER` finds wrong. A check that is not configured says OK, and tells nothing.
std::expected<std::vector<Trouble>, Error> parse_barman_check(std::string_view json, std::string_view server);

/// Adds to the backup what `barman -f json show-backup SERVER ID` tells: its WAL, its beginning, its
/// encryption.
std::expected<void, Error> parse_barman_backup(std::string_view json,
                                               std::string_view server,
                                               Backup& backup);

/// The folder of WAL that `barman -f json show-servers SERVER` tells; empty when it does not.
std::string parse_barman_wal_folder(std::string_view json, std::string_view server);

}  // namespace pgvigil::backups
