#include "rules/promql/hash.h"

#include <bit>

namespace pgvigil::promql {
namespace {

constexpr std::uint64_t k_prime_1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t k_prime_2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t k_prime_3 = 0x165667B19E3779F9;
constexpr std::uint64_t k_prime_4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t k_prime_5 = 0x27D4EB2F165667C5;

template <typename Word>
Word read_little_endian(const char* bytes) {
  Word word = 0;
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    word |= static_cast<Word>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

std::uint64_t mix_round(std::uint64_t accumulator, std::uint64_t lane) {
  return std::rotl(accumulator + lane * k_prime_2, 31) * k_prime_1;
}

std::uint64_t merge_round(std::uint64_t accumulator, std::uint64_t lane) {
  return (accumulator ^ mix_round(0, lane)) * k_prime_1 + k_prime_4;
}

/// Takes the whole stripes of 32 bytes off `text`.
std::uint64_t mix_stripes(std::string_view& text) {
  std::uint64_t a = k_prime_1 + k_prime_2;
  std::uint64_t b = k_prime_2;
  std::uint64_t c = 0;
  std::uint64_t d = 0 - k_prime_1;
  while (text.size() >= 32) {
    a = mix_round(a, read_little_endian<std::uint64_t>(text.data()));
    b = mix_round(b, read_little_endian<std::uint64_t>(text.data() + 8));
    c = mix_round(c, read_little_endian<std::uint64_t>(text.data() + 16));
    d = mix_round(d, read_little_endian<std::uint64_t>(text.data() + 24));
    text.remove_prefix(32);
  }
  std::uint64_t hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
  for (std::uint64_t lane : {a, b, c, d})
    hash = merge_round(hash, lane);
  return hash;
}

std::uint64_t avalanche(std::uint64_t hash) {
  hash ^= hash >> 33;
  hash *= k_prime_2;
  hash ^= hash >> 29;
  hash *= k_prime_3;
  return hash ^ hash >> 32;
}

}  // namespace

std::uint64_t xxhash64(std::string_view text) {
  std::uint64_t length = text.size();
  std::uint64_t hash = (text.size() >= 32 ? mix_stripes(text) : k_prime_5) + length;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    hash ^= mix_round(0, read_little_endian<std::uint64_t>(text.data()));
    hash = std::rotl(hash, 27) * k_prime_1 + k_prime_4;
  }
  if (text.size() >= 4) {
    hash ^= read_little_endian<std::uint32_t>(text.data()) * k_prime_1;
    hash = std::rotl(hash, 23) * k_prime_2 + k_prime_3;
    text.remove_prefix(4);
  }
  for (char byte : text) {
    hash ^= static_cast<unsigned char>(byte) * k_prime_5;
    hash = std::rotl(hash, 11) * k_prime_1;
  }
  return avalanche(hash);
}

std::uint64_t hash_label(std::string_view name, std::string_view value) {
  return avalanche(std::rotl(xxhash64(name), 17) * k_prime_1 + xxhash64(value));
}

}  // namespace pgvigil::promql
