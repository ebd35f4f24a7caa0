#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "collectors/backups/packing/packing.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// Why a compressed file is unpacked no further.
enum class Obstacle : std::uint8_t { damaged, memory };

/// Unpacks one file, step by step, in bounded memory. A file may hold several streams, one after the other.
/// Each format is one .cpp, the only one that includes its library.
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  /// Takes what it can from the front of `packed`, which is cut off, and writes what comes of it into `room`:
  /// the number of bytes comes back. When `packed` is used up and room is left, it wants more of the file.
  virtual std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) = 0;
  /// Whether the file may end here: its last stream has ended, and its checksums were right.
  virtual bool ended() const = 0;
};

/// Nothing for what is not compressed. `most_memory` is what it may hold: a file that takes more meets the
/// obstacle `memory`. bzip2 takes 4 MB and lz4 8 MB whatever is said; the dictionary of xz and the window of
/// zstd are chosen by who packs.
std::unique_ptr<Unpacker> unpacker_of(Packing packing, Bytes most_memory);

// One a format.
std::unique_ptr<Unpacker> gzip_unpacker();
std::unique_ptr<Unpacker> zstd_unpacker(Bytes most_memory);
std::unique_ptr<Unpacker> xz_unpacker(Bytes most_memory);
std::unique_ptr<Unpacker> bzip2_unpacker();
std::unique_ptr<Unpacker> lz4_unpacker();

}  // namespace pgvigil::backups
