#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/model/backup.h"
#include "collectors/model/error.h"

namespace pgvigil::backups {

/// A set of dumps as pgvigil-backup describes it ("pgvigil-dump/1"): it has checked each while it was
/// written.
struct DumpManifest {
  struct File {
    std::string name;
    std::string database;  ///< empty: not of one
    bool globals = false;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> plain_bytes;  ///< before it was packed
    std::string sha256;
    bool encrypted = false;
  };
  std::optional<Timestamp> started;
  std::optional<Timestamp> finished;
  std::optional<std::uint64_t> system_identifier;
  std::optional<std::uint64_t> version;  ///< of the server: 170002
  std::vector<File> files;
  std::vector<std::string> expected;     ///< databases that there were
  std::optional<Timestamp> key_expires;  ///< the first of the keys that it is encrypted for
  std::vector<std::string> recipients;   ///< these keys, sorted
};

std::expected<DumpManifest, Error> parse_dump_manifest(std::string_view json);

}  // namespace pgvigil::backups
