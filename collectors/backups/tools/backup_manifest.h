#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/model/error.h"

namespace pgvigil::backups {

/// The backup_manifest of pg_basebackup (PostgreSQL 13 and later). It is written last: that it is there, and its own
/// sum right, means that the backup was finished.
struct BackupManifest {
  struct File {
    std::string path;  ///< empty: its name is no UTF-8
    std::uint64_t size = 0;
  };
  struct WalRange {
    std::uint32_t timeline = 0;
    std::string start_lsn;
    std::string end_lsn;
  };
  std::vector<File> files;
  std::vector<WalRange> wal;
  std::optional<std::uint64_t> system_identifier;  ///< since 17
  bool sum_is_right = false;                       ///< Manifest-Checksum, SHA-256 of all before its line
};

std::expected<BackupManifest, Error> parse_backup_manifest(std::string_view json);

}  // namespace pgvigil::backups
