#include "rules/history/bits.h"

#include <algorithm>

namespace pgvigil::rules {

void BitWriter::write(std::uint64_t bits, unsigned count) {
  while (count > 0) {
    if (free_ == 0) {
      bytes_.push_back(0);
      free_ = 8;
    }
    const unsigned taken = std::min(count, free_);
    const std::uint64_t part = bits >> (count - taken) & ((std::uint64_t{1} << taken) - 1);
    bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | part << (free_ - taken));
    free_ -= taken;
    count -= taken;
  }
}

std::optional<std::uint64_t> BitReader::read(unsigned count) {
  if (bytes_.size() * 8 - position_ < count) return std::nullopt;
  std::uint64_t bits = 0;
  while (count > 0) {
    const auto used = static_cast<unsigned>(position_ % 8);
    const unsigned taken = std::min(count, 8 - used);
    const unsigned byte = bytes_[position_ / 8];
    bits = bits << taken | (byte >> (8 - used - taken) & ((1U << taken) - 1));
    position_ += taken;
    count -= taken;
  }
  return bits;
}

}  // namespace pgvigil::rules
