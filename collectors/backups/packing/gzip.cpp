#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>

#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

constexpr int k_only_gzip = 16;  // added to the bits of the window (zlib.h, inflateInit2)

class GzipUnpacker final : public Unpacker {
 public:
  GzipUnpacker() : is_ready_(inflateInit2(&stream_, MAX_WBITS + k_only_gzip) == Z_OK) {}
  ~GzipUnpacker() override { inflateEnd(&stream_); }
  GzipUnpacker(const GzipUnpacker&) = delete;
  GzipUnpacker& operator=(const GzipUnpacker&) = delete;

  std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) override {
    if (!is_ready_) return std::unexpected(Obstacle::memory);
    // Zeros behind the last stream fill up the block of a tape.
    if (ended_) packed.remove_prefix(std::min(packed.find_first_not_of('\0'), packed.size()));
    if (ended_ && packed.empty()) return 0;
    if (ended_) inflateReset(&stream_);
    stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    packed.remove_prefix(packed.size() - stream_.avail_in);
    ended_ = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR) return std::unexpected(Obstacle::memory);
    // Z_BUF_ERROR: it wants more of one or the other.
    if (!ended_ && result != Z_OK && result != Z_BUF_ERROR) return std::unexpected(Obstacle::damaged);
    return room.size() - stream_.avail_out;
  }
  bool ended() const override { return ended_; }

 private:
  z_stream stream_{};
  const bool is_ready_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> gzip_unpacker() {
  return std::make_unique<GzipUnpacker>();
}

}  // namespace pgvigil::backups
