#pragma once

#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// How a file is packed, by its first bytes.
enum class Packing : std::uint8_t { none, gzip, zstd, other_compression, gpg, age };

Packing packing_of(std::string_view head);

/// The ends of what a file holds, unpacked.
struct Content {
  Packing packing = Packing::none;
  std::string head;                    ///< the first 4 KiB; of what cannot be unpacked, as it stands
  std::string tail;                    ///< the last 4 KiB; empty where it cannot be unpacked
  std::uint64_t size = 0;              ///< unpacked
  std::uint64_t stored = 0;            ///< bytes of the file
  bool whole = true;                   ///< the compressed stream ends as it should
  std::vector<std::string> connects;   ///< databases of the lines "\connect ..."
};

/// Reads the ends of a file; one that is compressed with gzip or zstd, and a dump of a whole cluster, to its end.
/// Errors: `unreachable`, `permission`; `timed_out` when the deadline passes or a stop is asked for.
std::expected<Content, Error> read_content(const std::string& path, Deadline deadline, const std::stop_token& stop);

/// SHA-256 of a file, 64 hexadecimal digits. Errors as read_content().
std::expected<std::string, Error> sha256_of_file(const std::string& path, Deadline deadline, const std::stop_token& stop);
/// The same of a text.
std::string sha256_of(std::string_view text);

}  // namespace pgvigil::backups
