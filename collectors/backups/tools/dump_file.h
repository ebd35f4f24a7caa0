#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/files/content.h"
#include "collectors/backups/model/backup.h"

namespace pgvigil::backups {

enum class DumpFormat : std::uint8_t { unknown, custom, directory, tar, plain, cluster };

/// What a dump file says of itself.
struct DumpFile {
  DumpFormat format = DumpFormat::unknown;
  State state = State::complete;       ///< or damaged, or unproven
  std::string why;                     ///< it is not complete
  std::string database;                ///< empty: it does not tell
  std::vector<std::string> databases;  ///< of a dump of the whole cluster
  bool globals = false;                ///< roles and tablespaces are in it
  std::optional<Timestamp> begun;      ///< its own clock, without its zone, as if that were UTC
  bool encrypted = false;
};

/// Judges a dump by the ends of its content: pg_dump in the formats custom, tar and plain, pg_dumpall, and
/// the table of contents of a directory. pg_restore --list looks at the beginning only, and is content with
/// half a file.
DumpFile judge_dump(const Content& content);

/// The name of the database and the time in the name of a file: "shop-20261123T020000Z.dump.gz",
/// "shop_2026-11-23.sql".
struct DumpName {
  std::string database;
  std::string time;  ///< as it stands there; empty: none
};
DumpName parse_dump_name(std::string_view name);

/// The names of the data files in the table of contents of a directory ("3345.dat").
std::vector<std::string> data_files_of(std::string_view contents);

/// Whether the data of a table ends as COPY ends it.
bool ends_as_copy(std::string_view tail);

}  // namespace pgvigil::backups
