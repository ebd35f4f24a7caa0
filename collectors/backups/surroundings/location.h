#pragma once

#include <optional>
#include <string>

#include "collectors/backups/model/backup.h"
#include "collectors/backups/model/settings.h"

namespace pgvigil::backups {

/// Tells of each repository where it is as seen from the database, and whether the files of its newest backup
/// can be changed or removed. Where neither the tool's configuration nor the file systems tell it, nothing is
/// said. `data_directory` is that of the server; empty: not known.
void find_places(const Source& source, const std::string& data_directory, Reading& reading);

/// Whether no file under `path` (the first thousand) can be changed or removed, by its attributes (statx:
/// immutable, or append only). Nothing where the file system knows no such attributes, as those of networks.
std::optional<bool> is_immutable(const std::string& path);

/// Where WAL-G stores, by its settings: the value of each *_PREFIX. A folder of this host is put into `path`.
Place place_of_wal_g(const std::string& settings, std::string& path);

}  // namespace pgvigil::backups
