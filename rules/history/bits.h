#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace pgvigil::rules {

/// Appends bits to bytes, the highest first. There are thousands of them, so it is small, and grows by
/// little.
class BitWriter {
 public:
  /// Appends the lowest `count` bits of `bits`; at most 64.
  void write(std::uint64_t bits, unsigned count);
  /// Appends whole bytes; what is written after them begins with a new one.
  void append(std::span<const std::uint8_t> bytes);
  /// Overwrites bytes that are there.
  void replace(std::size_t at, std::span<const std::uint8_t> bytes);
  void drop_front(std::size_t count);
  bool empty() const { return size_ == 0; }
  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size_}; }
  /// Bytes that it has asked the allocator for.
  std::size_t capacity() const;

 private:
  void resize(std::size_t size);

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint32_t size_ = 0;
  std::uint8_t free_ = 0;  // bits of the last byte that are not written yet
};

/// Reads what a BitWriter wrote. Past the end it gives nothing, whatever the bytes are.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  /// The next `count` bits, at most 64.
  std::optional<std::uint64_t> read(unsigned count);
  /// The ones before the next zero, which is read too; of `most` ones no zero follows.
  std::optional<unsigned> read_ones(unsigned most);
  /// Whether nothing but the padding of the last byte is left.
  bool at_end() const { return bytes_.size() * 8 - position_ < 8; }

 private:
  /// The next bits, at least 57 of them, zeros where the bytes end; the first is the highest.
  std::uint64_t peek() const;

  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;  // in bits
};

}  // namespace pgvigil::rules
