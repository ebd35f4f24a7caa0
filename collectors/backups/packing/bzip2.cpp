#include <bzlib.h>

#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

class Bzip2Unpacker final : public Unpacker {
 public:
  Bzip2Unpacker() { begin(); }
  ~Bzip2Unpacker() override { BZ2_bzDecompressEnd(&stream_); }
  Bzip2Unpacker(const Bzip2Unpacker&) = delete;
  Bzip2Unpacker& operator=(const Bzip2Unpacker&) = delete;

  std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) override {
    if (ended_ && packed.empty()) return 0;
    if (ended_) {
      BZ2_bzDecompressEnd(&stream_);
      begin();
    }
    if (!is_ready_) return std::unexpected(Obstacle::memory);
    stream_.next_in = const_cast<char*>(packed.data());  // it is only read
    stream_.avail_in = static_cast<unsigned>(packed.size());
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<unsigned>(room.size());
    const int result = BZ2_bzDecompress(&stream_);
    packed.remove_prefix(packed.size() - stream_.avail_in);
    ended_ = result == BZ_STREAM_END;
    if (result == BZ_MEM_ERROR) return std::unexpected(Obstacle::memory);
    if (!ended_ && result != BZ_OK) return std::unexpected(Obstacle::damaged);
    return room.size() - stream_.avail_out;
  }
  bool ended() const override { return ended_; }

 private:
  void begin() {
    stream_ = {};
    is_ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    ended_ = false;
  }

  bz_stream stream_{};
  bool is_ready_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> bzip2_unpacker() {
  return std::make_unique<Bzip2Unpacker>();
}

}  // namespace pgvigil::backups
