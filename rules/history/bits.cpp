#include "rules/history/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pgvigil::rules {
namespace {

constexpr unsigned k_peeked = 57;  // bits that peek() gives at the least

/// Sizes that the allocator gives away wholly: 24, 40, 56.
std::size_t capacity_for(std::size_t size) {
  return size == 0 ? 0 : std::max<std::size_t>(size + 7, 24) / 16 * 16 + 8;
}

}  // namespace

std::size_t BitWriter::capacity() const {
  return capacity_for(size_);
}

void BitWriter::resize(std::size_t size) {
  if (capacity_for(size) != capacity()) {
    auto moved = std::make_unique_for_overwrite<std::uint8_t[]>(capacity_for(size));
    std::copy_n(bytes_.get(), std::min<std::size_t>(size, size_), moved.get());
    bytes_ = std::move(moved);
  }
  size_ = static_cast<std::uint32_t>(size);
}

void BitWriter::append(std::span<const std::uint8_t> bytes) {
  const std::size_t before = size_;
  resize(before + bytes.size());
  replace(before, bytes);
  free_ = 0;
}

void BitWriter::replace(std::size_t at, std::span<const std::uint8_t> bytes) {
  std::ranges::copy(bytes, bytes_.get() + at);
}

void BitWriter::drop_front(std::size_t count) {
  std::copy(bytes_.get() + count, bytes_.get() + size_, bytes_.get());
  resize(size_ - count);
}

void BitWriter::write(std::uint64_t bits, unsigned count) {
  while (count > 0) {
    if (free_ == 0) {
      resize(size_ + std::size_t{1});
      bytes_[size_ - 1] = 0;
      free_ = 8;
    }
    const unsigned taken = std::min<unsigned>(count, free_);
    const std::uint64_t part = bits >> (count - taken) & ((std::uint64_t{1} << taken) - 1);
    std::uint8_t& last = bytes_[size_ - 1];
    last = static_cast<std::uint8_t>(last | part << (free_ - taken));
    free_ = static_cast<std::uint8_t>(free_ - taken);
    count -= taken;
  }
}

std::uint64_t BitReader::peek() const {
  const std::size_t byte = position_ / 8;
  std::uint64_t word = 0;
  if (bytes_.size() - byte >= sizeof(word)) {
    std::memcpy(&word, bytes_.data() + byte, sizeof(word));
    if constexpr (std::endian::native == std::endian::little) word = std::byteswap(word);
  } else {
    for (std::size_t i = byte; i < bytes_.size(); ++i)
      word |= std::uint64_t{bytes_[i]} << (56 - 8 * (i - byte));
  }
  return word << (position_ % 8);
}

std::optional<std::uint64_t> BitReader::read(unsigned count) {
  if (bytes_.size() * 8 - position_ < count) return std::nullopt;
  if (count == 0) return 0;
  const unsigned first = std::min(count, k_peeked);
  std::uint64_t bits = peek() >> (64 - first);
  position_ += first;
  if (const unsigned rest = count - first; rest > 0) {
    bits = bits << rest | peek() >> (64 - rest);
    position_ += rest;
  }
  return bits;
}

std::optional<unsigned> BitReader::read_ones(unsigned most) {
  const unsigned ones = std::min(most, static_cast<unsigned>(std::countl_one(peek())));
  const unsigned used = ones + (ones < most ? 1 : 0);
  if (bytes_.size() * 8 - position_ < used) return std::nullopt;
  position_ += used;
  return ones;
}

}  // namespace pgvigil::rules
