#include "collectors/backups/files/packed_end.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_xz = "\xfd" "7zXZ";
constexpr std::string_view k_bzip2 = "BZh";
constexpr std::string_view k_lz4 = "\x04\x22\x4d\x18";

bool is_zero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == '\0'; });
}

/// "The .xz file format", 2.1: padding of zeros may follow the footer, whose flags are those of the header.
bool ends_as_xz(std::string_view head, std::string_view tail) {
  constexpr std::size_t k_header = 12;
  while (tail.size() >= 4 && is_zero(tail.substr(tail.size() - 4)))
    tail.remove_suffix(4);
  if (head.size() < k_header || tail.size() < k_header || !tail.ends_with("YZ")) return false;
  return tail.substr(tail.size() - 4, 2) == head.substr(6, 2);
}

/// "LZ4 frame format": the end mark, and a checksum of the content where bit 2 of the flags says so.
bool ends_as_lz4(std::string_view head, std::string_view tail) {
  constexpr unsigned k_has_checksum = 4;
  if (head.size() < 5 || tail.size() < 8) return false;
  const bool has_checksum = (static_cast<unsigned char>(head[4]) & k_has_checksum) != 0;
  return is_zero(tail.substr(tail.size() - (has_checksum ? 8 : 4), 4));
}

/// The magic of the end, a checksum of 32 bits, and up to 7 bits to fill the byte.
bool ends_as_bzip2(std::string_view tail) {
  constexpr std::uint64_t k_magic = 0x177245385090;
  constexpr std::size_t k_magic_bits = 48;
  constexpr std::size_t k_checksum_bits = 32;
  const auto bit = [&](std::size_t at) { return static_cast<unsigned char>(tail[at / 8]) >> (7 - at % 8) & 1U; };
  for (std::size_t filling = 0; filling < 8; ++filling) {
    const std::size_t behind = k_magic_bits + k_checksum_bits + filling;
    if (tail.size() * 8 < behind) return false;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < k_magic_bits; ++i)
      value = value << 1 | bit(tail.size() * 8 - behind + i);
    if (value == k_magic) return true;
  }
  return false;
}

}  // namespace

bool ends_as_packed(std::string_view head, std::string_view tail) {
  if (head.starts_with(k_xz)) return ends_as_xz(head, tail);
  if (head.starts_with(k_bzip2)) return ends_as_bzip2(tail);
  return !head.starts_with(k_lz4) || ends_as_lz4(head, tail);
}

}  // namespace pgvigil::backups
