// Any bytes as a packed file and as a dump: an outcome in bounded memory, the same one however the file was
// cut into blocks, and never a crash.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "collectors/backups/packing/unpacker.h"
#include "collectors/backups/tools/dump_file.h"
#include "collectors/model/units.h"

using namespace pgvigil;
using namespace pgvigil::backups;

namespace {

constexpr std::size_t k_most_unpacked = std::size_t{8}
                                        << 20;  // a bomb is left when it has shown that it is one

struct Unpacked {
  bool ended = false;
  bool failed = false;
  bool is_bomb = false;
  std::uint64_t size = 0;
  std::string head;
  std::string tail;
};

void keep_ends(std::string_view made, Unpacked& result) {
  constexpr std::size_t k_ends = 4096;
  result.size += made.size();
  result.head.append(made.substr(0, k_ends - result.head.size()));
  result.tail.append(made.substr(made.size() - std::min(made.size(), k_ends)));
  result.tail.erase(0, result.tail.size() - std::min(result.tail.size(), k_ends));
}

/// As ContentReader does, with blocks of that size.
Unpacked unpack(Packing packing, std::string_view file, std::size_t block_size, std::span<char> room) {
  Unpacked result;
  const auto unpacker = unpacker_of(packing, Bytes{8 << 20});
  std::string_view block;
  for (std::size_t made_of_it = 0; result.size < k_most_unpacked;) {
    if (block.empty() && made_of_it < room.size()) {
      if (file.empty()) break;
      block = file.substr(0, block_size);
      file.remove_prefix(block.size());
    }
    const std::string_view before = block;
    const auto made = unpacker->step(block, room);
    if (!before.ends_with(block) || (made && *made > room.size())) __builtin_trap();
    result.failed = !made || (*made == 0 && block.size() == before.size() && !block.empty());
    if (result.failed) return result;
    keep_ends({room.data(), *made}, result);
    made_of_it = *made;
  }
  result.is_bomb = result.size >= k_most_unpacked;
  result.ended = unpacker->ended();
  return result;
}

void judge(Packing packing, const Unpacked& unpacked) {
  Content content;
  content.packing = packing;
  content.head = unpacked.head;
  content.tail = unpacked.tail;
  content.size = unpacked.size;
  content.whole = unpacked.ended;
  const DumpFile dump = judge_dump(content);
  if (dump.state != State::complete && dump.why.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(bytes), size);
  static const auto large = std::make_unique<std::array<char, 65536>>();
  static const auto small = std::make_unique<std::array<char, 1000>>();
  (void)packing_of(file);
  for (const Packing packing : {Packing::gzip, Packing::zstd, Packing::xz, Packing::bzip2, Packing::lz4}) {
    const Unpacked whole = unpack(packing, file, file.size(), *large);
    const Unpacked cut = unpack(packing, file, 1 + size % 61, *small);
    if (!whole.is_bomb && (whole.failed != cut.failed || whole.ended != cut.ended)) __builtin_trap();
    if (whole.ended && !whole.is_bomb && (whole.size != cut.size || whole.tail != cut.tail)) __builtin_trap();
    judge(packing, whole);
  }
  Unpacked plain{.ended = true};
  keep_ends(file, plain);
  judge(Packing::none, plain);
  (void)parse_dump_name(file.substr(0, 255));
  (void)data_files_of(file);
  return 0;
}
