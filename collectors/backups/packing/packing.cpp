#include "collectors/backups/packing/packing.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pgvigil::backups {
namespace {

constexpr std::array<std::pair<std::string_view, Packing>, 8> k_beginnings = {{
    {"\x1f\x8b", Packing::gzip},
    {"\x28\xb5\x2f\xfd", Packing::zstd},
    {"\xfd"
     "7zXZ",
     Packing::xz},
    {"BZh", Packing::bzip2},
    {"\x04\x22\x4d\x18", Packing::lz4},
    {"age-encryption.org/", Packing::age},
    {"-----BEGIN AGE ENCRYPTED FILE-----", Packing::age},
    {"-----BEGIN PGP MESSAGE-----", Packing::gpg},
}};

/// Frames that are passed over (RFC 8878, 3.1.2) have one mark in zstd and lz4; pzstd begins with one.
bool begins_with_skippable(std::string_view head) {
  return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
         head.substr(1, 3) == "\x2a\x4d\x18";
}

/// Packets that begin an encrypted message (RFC 4880, 4.2): session keys for a public key or a password, or
/// the data.
bool begins_with_packet(std::string_view head) {
  const auto first = head.empty() ? 0U : static_cast<unsigned char>(head.front());
  constexpr std::array<unsigned, 8> k_tags = {0x84, 0x85, 0x86, 0x8c, 0x8d, 0xc1, 0xc3, 0xd2};
  return std::ranges::find(k_tags, first) != k_tags.end();
}

}  // namespace

Packing packing_of(std::string_view head) {
  for (const auto& [beginning, packing] : k_beginnings)
    if (head.starts_with(beginning)) return packing;
  if (begins_with_skippable(head)) return Packing::zstd;
  return begins_with_packet(head) ? Packing::gpg : Packing::none;
}

}  // namespace pgvigil::backups
