#include "collectors/backups/files/crc32c.h"

#include <array>

namespace pgvigil::backups {
namespace {

constexpr std::uint32_t k_polynomial = 0x82F63B78;  // reflected
constexpr std::size_t k_lanes = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, k_lanes>;

/// Table `n` tells what a byte does to the remainder when `n` more bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit)
      rest = (rest >> 1) ^ ((rest & 1) != 0 ? k_polynomial : 0);
    tables[0][byte] = rest;
  }
  for (std::size_t lane = 1; lane < k_lanes; ++lane)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[lane][byte] = (tables[lane - 1][byte] >> 8) ^ tables[0][tables[lane - 1][byte] & 0xFF];
  return tables;
}

constexpr Tables k_tables = make_tables();

std::uint32_t byte_at(std::string_view block, std::size_t at) {
  return static_cast<unsigned char>(block[at]);
}

}  // namespace

void Crc32c::take(std::string_view block) {
  std::uint32_t rest = rest_;
  for (; block.size() >= k_lanes; block.remove_prefix(k_lanes)) {
    const std::uint32_t low = rest ^ (byte_at(block, 0) | byte_at(block, 1) << 8 | byte_at(block, 2) << 16 |
                                      byte_at(block, 3) << 24);
    rest = k_tables[7][low & 0xFF] ^ k_tables[6][(low >> 8) & 0xFF] ^ k_tables[5][(low >> 16) & 0xFF] ^
           k_tables[4][low >> 24] ^ k_tables[3][byte_at(block, 4)] ^ k_tables[2][byte_at(block, 5)] ^
           k_tables[1][byte_at(block, 6)] ^ k_tables[0][byte_at(block, 7)];
  }
  for (std::size_t at = 0; at < block.size(); ++at)
    rest = (rest >> 8) ^ k_tables[0][(rest ^ byte_at(block, at)) & 0xFF];
  rest_ = rest;
}

std::string Crc32c::finish() const {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text;
  for (std::uint32_t rest = ~rest_, byte = 0; byte < 4; ++byte, rest >>= 8) {
    text += k_digits[(rest >> 4) & 0xF];
    text += k_digits[rest & 0xF];
  }
  return text;
}

}  // namespace pgvigil::backups
