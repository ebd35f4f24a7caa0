#include "collectors/backups/files/content.h"

#include <algorithm>
#include <array>

#include "collectors/backups/files/file_blocks.h"
#include "collectors/backups/packing/unpacker.h"

namespace pgvigil::backups {
namespace {

constexpr std::string_view k_cluster_dump = "-- PostgreSQL database cluster dump";
constexpr std::size_t k_head = 4096;       ///< shows what it is
constexpr std::size_t k_most_line = 1024;  ///< of a line "\connect ..."
constexpr std::size_t k_most_connects = 10'000;
constexpr std::size_t k_room = 65536;

}  // namespace

/// Takes what is unpacked and keeps its ends.
class ContentReader::Ends {
 public:
  Ends(Content& content, std::size_t size) : content_(content), size_(size) {}

  void take(std::string_view block) {
    content_.size += block.size();
    if (content_.head.size() < size_) content_.head.append(block.substr(0, size_ - content_.head.size()));
    content_.tail.append(block.size() > size_ ? block.substr(block.size() - size_) : block);
    if (content_.tail.size() > size_) content_.tail.erase(0, content_.tail.size() - size_);
    if (content_.head.contains(k_cluster_dump)) take_lines(block);
  }

 private:
  /// In a dump of a cluster each database begins with "\connect NAME". Data cannot: COPY doubles the
  /// backslash.
  void take_lines(std::string_view block) {
    while (!block.empty()) {
      const std::size_t end = block.find('\n');
      if (line_.size() < k_most_line) line_ += block.substr(0, std::min(end, k_most_line));
      if (end == block.npos) return;
      if (line_.starts_with("\\connect ")) take_connect(line_.substr(9));
      line_.clear();
      block.remove_prefix(end + 1);
    }
  }
  void take_connect(std::string name) {
    // Names that need it stand in quotes; others after a "-reuse-previous" form in braces of a conninfo.
    if (const auto at = name.find("dbname="); at != name.npos) name = name.substr(at + 7);
    std::erase_if(name, [](char c) { return c == '"' || c == '\'' || c == '\r'; });
    if (content_.connects.size() < k_most_connects) content_.connects.push_back(std::move(name));
  }

  Content& content_;
  const std::size_t size_;
  std::string line_;
};

ContentReader::ContentReader(std::string path, ContentLimits limits)
    : path_(std::move(path)), limits_(limits) {}
ContentReader::~ContentReader() = default;

/// Finds out what it is, and whether all of it must be read.
void ContentReader::begin(FileBlocks& file) {
  begun_ = true;
  const std::string head = file.at(0, k_head);
  content_.stored = file.size();
  content_.packing = packing_of(head);
  unpacker_ = unpacker_of(content_.packing, limits_.memory);
  if (unpacker_ || (content_.packing == Packing::none && head.contains(k_cluster_dump))) {
    ends_ = std::make_unique<Ends>(content_, limits_.ends);
    return;
  }
  content_.size = content_.stored;
  content_.head = head.substr(0, limits_.ends);
  const std::uint64_t tail = std::min<std::uint64_t>(content_.stored, limits_.ends);
  if (content_.packing == Packing::none) content_.tail = file.at(content_.stored - tail, limits_.ends);
}

/// A small block may hold much: within one the time is looked at, too.
bool ContentReader::unpack(std::string_view& block, Deadline deadline, const std::stop_token& stop) {
  std::array<char, k_room> room;
  do {
    const std::size_t before = block.size();
    const auto made = unpacker_->step(block, room);
    if (!made) return meet(made.error());
    ends_->take({room.data(), *made});
    if (block.empty() && *made < room.size()) return true;
    if (*made == 0 && block.size() == before) return meet(Obstacle::damaged);
  } while (!stop.stop_requested() && Deadline::clock::now() < deadline);
  return true;
}

/// When the time was over just as the last byte was taken, some of what it unpacks to is still to come.
void ContentReader::drain() {
  std::array<char, k_room> room;
  std::string_view nothing = "";
  while (!unpacker_->ended()) {
    const auto made = unpacker_->step(nothing, room);
    if (!made) return (void)meet(made.error());
    if (*made == 0) return;
    ends_->take({room.data(), *made});
  }
}

/// There is no going on.
bool ContentReader::meet(Obstacle obstacle) {
  content_.whole = obstacle != Obstacle::damaged;
  if (obstacle == Obstacle::memory)
    content_.obstacle = "it takes more than " + std::to_string(limits_.memory.count >> 20) +
                        " MiB of memory to unpack ([[backup]] unpack_memory)";
  return false;
}

std::expected<Content, Error> ContentReader::read(Deadline deadline, const std::stop_token& stop) {
  auto file = FileBlocks::open(path_);
  if (!file) return std::unexpected(std::move(file.error()));
  if (!begun_) begin(*file);
  if (ends_) {
    auto read = file->each_block(offset_, deadline, stop, [&](std::string_view& block) {
      if (unpacker_) return unpack(block, deadline, stop);
      ends_->take(block);
      block = {};
      return true;
    });
    if (!read) return std::unexpected(std::move(read.error()));
    if (unpacker_ && content_.whole && content_.obstacle.empty()) drain();
  }
  if (unpacker_ && content_.obstacle.empty()) content_.whole = content_.whole && unpacker_->ended();
  unpacker_.reset();
  return std::move(content_);
}

}  // namespace pgvigil::backups
