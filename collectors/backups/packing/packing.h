#pragma once

#include <cstdint>
#include <string_view>

namespace pgvigil::backups {

/// How a file is compressed or encrypted.
enum class Packing : std::uint8_t { none, gzip, zstd, xz, bzip2, lz4, gpg, age };

/// By its first bytes.
Packing packing_of(std::string_view head);

}  // namespace pgvigil::backups
