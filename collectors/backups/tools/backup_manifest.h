#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/files/checksum.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// The backup_manifest of pg_basebackup (PostgreSQL 13 and later). It is written last: that it is there, and
/// its own sum right, means that the backup was finished.
struct BackupManifest {
  struct File {
    std::string path;  ///< empty: its name is no UTF-8
    std::uint64_t size = 0;
    std::optional<SumKind> sum_kind;  ///< nothing: it was not summed, or not in a way that is known
    std::string sum;
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

/// Bytes of one.
inline constexpr std::size_t k_most_backup_manifest = std::size_t{256} << 20;

std::expected<BackupManifest, Error> parse_backup_manifest(std::string_view json);

/// Files that are written for the one who restores: `pg_basebackup -R` adds to them after the server has
/// summed them, and pg_verifybackup passes over them, too.
bool may_change(const BackupManifest::File& file);

}  // namespace pgvigil::backups
