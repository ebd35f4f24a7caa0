#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pgvigil::rules {

/// Appends bits to bytes, the highest first.
class BitWriter {
 public:
  /// Appends the lowest `count` bits of `bits`; at most 64.
  void write(std::uint64_t bits, unsigned count);
  std::span<const std::uint8_t> bytes() const { return bytes_; }
  std::size_t capacity() const { return bytes_.capacity(); }
  void shrink() { bytes_.shrink_to_fit(); }

  BitWriter() = default;
  /// Bytes that are full already.
  explicit BitWriter(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

 private:
  std::vector<std::uint8_t> bytes_;
  unsigned free_ = 0;  // bits of the last byte that are not written yet
};

/// Reads what a BitWriter wrote. Past the end it gives nothing, whatever the bytes are.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::optional<std::uint64_t> read(unsigned count);
  /// Whether nothing but the padding of the last byte is left.
  bool at_end() const { return bytes_.size() * 8 - position_ < 8; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;  // in bits
};

}  // namespace pgvigil::rules
