#pragma once

#include <expected>
#include <string>

#include "collectors/model/error.h"
#include "collectors/text_rows.h"

namespace pgvigil::host {

using collectors::TextRows;

/// A mounted volume, by the name that its series bear.
struct Volume {
  std::string name;  ///< "data", "wal"
  std::string path;
  bool operator==(const Volume&) const = default;
};

/// What statvfs(3) tells of a volume.
struct VolumeUse {
  double size_bytes = 0;
  double free_bytes = 0;       ///< also for root
  double available_bytes = 0;  ///< for everybody else: what Postgres can still write
  double inodes = 0;           ///< 0: the file system does not count them
  double inodes_free = 0;
  bool read_only = false;
};

/// Waits for ever where the volume is a dead network volume. Error `unreachable` when there is none.
std::expected<VolumeUse, Error> measure(const std::string& path);

/// Adds the row of a volume; without `use` all that is known is that it does not answer.
void add_row(const Volume& volume, const VolumeUse* use, TextRows& rows);

}  // namespace pgvigil::host
