#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rules/history/bits.h"
#include "rules/history/tick_times.h"
#include "rules/history/value_codec.h"

namespace pgvigil::rules {

/// Of a chunk: an hour at 15 s.
inline constexpr std::uint16_t k_most_values = 240;

/// Values of one series at consecutive ticks of its source, compressed (see ValueCodec). Times are not here:
/// all series of a source share its ticks. A view of bytes that somebody else owns.
struct Chunk {
  Tick first_tick = 0;
  std::uint16_t count = 0;  ///< at least 1
  std::span<const std::uint8_t> bytes;

  Tick last_tick() const { return first_tick + count - 1U; }
  std::vector<double> values() const;
  /// Whether the bytes are those of so many values.
  bool is_whole() const;
};

/// The chunks of a series, oldest first, in one piece of memory: most are smaller than what an allocator
/// takes beside each. The last one may grow.
class Chunks {
 public:
  /// A chunk of values from `tick` on; nothing is added any more to the one before.
  void begin(Tick tick);
  /// To the chunk that began last, which has less than k_most_values.
  void add(double value);
  /// A whole chunk that was made elsewhere. Nothing can be added to it.
  void append(const Chunk& chunk);
  void drop_front();

  bool empty() const { return bytes_.empty(); }
  std::size_t count() const;
  Chunk operator[](std::size_t i) const;
  /// There is one.
  Chunk front() const { return chunk_at(0); }
  Chunk back() const { return chunk_at(last_); }
  /// Whether values can be added to the last one.
  bool is_open() const { return is_open_; }
  /// Beside its own size.
  std::size_t memory() const;

 private:
  /// Before the bytes of each chunk.
  struct Head {
    Tick first_tick;
    std::uint16_t byte_count;
    std::uint16_t count;
  };
  Head head_at(std::size_t at) const;
  void set_head(std::size_t at, const Head& head);
  Chunk chunk_at(std::size_t at) const;
  std::size_t after(std::size_t at) const { return at + sizeof(Head) + head_at(at).byte_count; }

  BitWriter bytes_;
  std::uint32_t last_ = 0;  // where the last chunk begins
  bool is_open_ = false;
  ValueCodec codec_;
};

}  // namespace pgvigil::rules
