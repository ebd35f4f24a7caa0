#include <lzma.h>

#include <algorithm>

#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

/// Between and behind streams ("The .xz File Format", 2.2): zeros, four at a time.
constexpr std::size_t k_padding = 4;

class XzUnpacker final : public Unpacker {
 public:
  explicit XzUnpacker(Bytes most_memory) : most_memory_(most_memory) { begin(); }
  ~XzUnpacker() override { lzma_end(&stream_); }
  XzUnpacker(const XzUnpacker&) = delete;
  XzUnpacker& operator=(const XzUnpacker&) = delete;

  std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) override {
    if (has_ended_) {
      const std::size_t zeros = std::min(packed.find_first_not_of('\0'), packed.size());
      padding_ += zeros;
      packed.remove_prefix(zeros);
      if (packed.empty()) return 0;
      if (padding_ % k_padding != 0) return std::unexpected(Obstacle::damaged);
      begin();
    }
    if (!is_ready_) return std::unexpected(Obstacle::memory);
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream_.avail_in = packed.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(room.data());
    stream_.avail_out = room.size();
    const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
    packed.remove_prefix(packed.size() - stream_.avail_in);
    has_ended_ = result == LZMA_STREAM_END;
    if (result == LZMA_MEMLIMIT_ERROR || result == LZMA_MEM_ERROR) return std::unexpected(Obstacle::memory);
    // LZMA_BUF_ERROR: it wants more of one or the other.
    if (!has_ended_ && result != LZMA_OK && result != LZMA_BUF_ERROR)
      return std::unexpected(Obstacle::damaged);
    return room.size() - stream_.avail_out;
  }
  bool ended() const override { return has_ended_ && padding_ % k_padding == 0; }

 private:
  void begin() {
    is_ready_ = lzma_stream_decoder(&stream_, most_memory_.count, 0) == LZMA_OK;
    has_ended_ = false;
    padding_ = 0;
  }

  const Bytes most_memory_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool is_ready_ = false;
  bool has_ended_ = false;
  std::size_t padding_ = 0;
};

}  // namespace

std::unique_ptr<Unpacker> xz_unpacker(Bytes most_memory) {
  return std::make_unique<XzUnpacker>(most_memory);
}

}  // namespace pgvigil::backups
