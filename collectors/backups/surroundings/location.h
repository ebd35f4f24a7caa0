#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::backups {

/// Marks the repositories that are on the file system of the server's data directory: lost with it. Where either is
/// not seen from here, nothing is said. `data_directory` is that of the server, empty: not known.
void find_same_volume(const Source& source, const std::string& data_directory, Reading& reading);

/// The folder of repository `key` on this very host, by the text of pgbackrest.conf; empty when it is elsewhere
/// (repo-host, another repo-type) or not told.
std::string local_repository(std::string_view configuration, const std::string& key);

}  // namespace pgvigil::backups
