#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// What `wal-g backup-list --detail --json` tells. Of an empty storage it tells nothing at all: no backups.
std::expected<std::vector<Backup>, Error> parse_wal_g_backups(std::string_view json);

/// What `wal-g wal-verify integrity --json` tells, as a listing of `segment_size`. Segments that are on their
/// way count as there. `newest` takes the last one.
std::expected<WalListing, Error> parse_wal_g_verify(std::string_view json,
                                                    std::uint64_t segment_size,
                                                    std::string& newest);

}  // namespace pgvigil::backups
