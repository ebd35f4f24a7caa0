#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "rules/history/bits.h"

namespace pgvigil::rules {

/// Values of one series at consecutive ticks of its source, compressed: each value is the XOR with the one
/// before it, of which only the bits that matter are written (Pelkonen et al., Gorilla, VLDB 2015, section
/// 4.1.2). A value that stays costs one bit. Times are not here: all series of a source share its ticks.
class Chunk {
 public:
  explicit Chunk(std::uint64_t first_tick) : first_tick_(first_tick) {}

  void append(double value);
  /// No more values will come: gives memory back.
  void close();
  bool closed() const { return closed_; }

  std::uint64_t first_tick() const { return first_tick_; }
  std::uint64_t last_tick() const { return first_tick_ + count_ - 1; }
  std::uint32_t size() const { return count_; }
  std::vector<double> values() const;
  /// What it occupies.
  std::size_t memory() const { return sizeof(Chunk) + bits_.capacity(); }

  std::span<const std::uint8_t> bytes() const { return bits_.bytes(); }
  /// A closed chunk of bytes() that were written elsewhere. The error says what does not fit.
  static std::expected<Chunk, std::string> from_bytes(std::uint64_t first_tick,
                                                      std::uint32_t count,
                                                      std::vector<std::uint8_t> bytes);

 private:
  BitWriter bits_;
  std::uint64_t first_tick_ = 0;
  std::uint64_t last_ = 0;  // the bits of the last value
  std::uint32_t count_ = 0;
  std::uint8_t leading_ = k_no_window;  // zero bits before and after those that the last XOR wrote
  std::uint8_t trailing_ = 0;
  bool closed_ = false;

  static constexpr std::uint8_t k_no_window = 0xFF;
};

}  // namespace pgvigil::rules
