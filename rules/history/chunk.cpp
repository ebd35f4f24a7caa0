#include "rules/history/chunk.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace pgvigil::rules {
namespace {

constexpr unsigned k_leading_bits = 5;  // at most 31 leading zeros are told
constexpr unsigned k_length_bits = 6;   // 64 is written as 0
constexpr unsigned k_most_leading = 31;

/// The values, or nothing when the bits are not what append() writes.
std::optional<std::vector<double>> decode(std::span<const std::uint8_t> bytes, std::uint32_t count) {
  // A value takes a bit at least, so a count that lies asks for no memory.
  if (count == 0 || count > bytes.size() * 8) return std::nullopt;
  BitReader reader(bytes);
  std::vector<double> values;
  values.reserve(count);
  std::optional<std::uint64_t> bits = reader.read(64);
  if (!bits) return std::nullopt;
  std::uint64_t last = *bits;
  unsigned leading = 0;
  unsigned length = 0;
  values.push_back(std::bit_cast<double>(last));
  while (values.size() < count) {
    const auto changed = reader.read(1);
    if (!changed) return std::nullopt;
    if (*changed != 0) {
      const auto new_window = reader.read(1);
      if (!new_window) return std::nullopt;
      if (*new_window != 0) {
        const auto zeros = reader.read(k_leading_bits);
        const auto significant = reader.read(k_length_bits);
        if (!zeros || !significant) return std::nullopt;
        leading = static_cast<unsigned>(*zeros);
        length = *significant == 0 ? 64 : static_cast<unsigned>(*significant);
      }
      if (length == 0 || leading + length > 64) return std::nullopt;
      bits = reader.read(length);
      if (!bits) return std::nullopt;
      last ^= *bits << (64 - leading - length);
    }
    values.push_back(std::bit_cast<double>(last));
  }
  if (!reader.at_end()) return std::nullopt;
  return values;
}

}  // namespace

void Chunk::append(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t changed = bits ^ last_;
  last_ = bits;
  if (count_++ == 0) return bits_.write(bits, 64);
  if (changed == 0) return bits_.write(0, 1);
  const auto leading = std::min(static_cast<unsigned>(std::countl_zero(changed)), k_most_leading);
  const auto trailing = static_cast<unsigned>(std::countr_zero(changed));
  const bool fits = leading_ != k_no_window && leading >= leading_ && trailing >= trailing_;
  // The old window is cheaper unless it is much wider than what has changed.
  const unsigned wide = fits ? 64U - leading_ - trailing_ : 0;
  if (fits && wide <= 64 - leading - trailing + k_leading_bits + k_length_bits) {
    bits_.write(0b10, 2);
    return bits_.write(changed >> trailing_, wide);
  }
  leading_ = static_cast<std::uint8_t>(leading);
  trailing_ = static_cast<std::uint8_t>(trailing);
  const unsigned length = 64 - leading - trailing;
  bits_.write(0b11, 2);
  bits_.write(leading, k_leading_bits);
  bits_.write(length % 64, k_length_bits);
  bits_.write(changed >> trailing, length);
}

void Chunk::close() {
  closed_ = true;
  bits_.shrink();
}

std::vector<double> Chunk::values() const {
  return decode(bits_.bytes(), count_).value_or(std::vector<double>());
}

std::expected<Chunk, std::string> Chunk::from_bytes(std::uint64_t first_tick,
                                                    std::uint32_t count,
                                                    std::vector<std::uint8_t> bytes) {
  if (!decode(bytes, count)) return std::unexpected("a chunk does not hold its values");
  Chunk chunk(first_tick);
  chunk.bits_ = BitWriter(std::move(bytes));
  chunk.count_ = count;
  chunk.close();
  return chunk;
}

}  // namespace pgvigil::rules
