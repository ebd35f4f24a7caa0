#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>

#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

struct Free {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

/// The greatest window, as a power of two, that fits.
int window_of(Bytes most_memory) {
  constexpr int k_least = 10;
  constexpr int k_most = 31;
  return std::clamp(static_cast<int>(std::bit_width(most_memory.count)) - 1, k_least, k_most);
}

class ZstdUnpacker final : public Unpacker {
 public:
  explicit ZstdUnpacker(Bytes most_memory) : stream_(ZSTD_createDStream()) {
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, window_of(most_memory));
  }

  std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) override {
    if (ended_ && packed.empty()) return 0;
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    const std::size_t wanted = ZSTD_decompressStream(stream_.get(), &output, &input);
    packed.remove_prefix(input.pos);
    if (ZSTD_isError(wanted) != 0) {
      const auto code = ZSTD_getErrorCode(wanted);
      const bool is_large =
          code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_memory_allocation;
      return std::unexpected(is_large ? Obstacle::memory : Obstacle::damaged);
    }
    ended_ = wanted == 0;
    return output.pos;
  }
  bool ended() const override { return ended_; }

 private:
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> zstd_unpacker(Bytes most_memory) {
  return std::make_unique<ZstdUnpacker>(most_memory);
}

}  // namespace pgvigil::backups
