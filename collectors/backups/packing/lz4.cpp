#include <lz4frame.h>

#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

struct Free {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

class Lz4Unpacker final : public Unpacker {
 public:
  Lz4Unpacker() {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) == 0) context_.reset(made);
  }

  std::expected<std::size_t, Obstacle> step(std::string_view& packed, std::span<char> room) override {
    if (context_ == nullptr) return std::unexpected(Obstacle::memory);
    if (ended_ && packed.empty()) return 0;
    std::size_t made = room.size();
    std::size_t taken = packed.size();
    const std::size_t wanted =
        LZ4F_decompress(context_.get(), room.data(), &made, packed.data(), &taken, nullptr);
    if (LZ4F_isError(wanted) != 0) return std::unexpected(Obstacle::damaged);
    packed.remove_prefix(taken);
    ended_ = wanted == 0;
    return made;
  }
  bool ended() const override { return ended_; }

 private:
  std::unique_ptr<LZ4F_dctx, Free> context_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> lz4_unpacker() {
  return std::make_unique<Lz4Unpacker>();
}

}  // namespace pgvigil::backups
