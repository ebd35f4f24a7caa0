#include "collectors/backups/files/content.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <memory>

#include "collectors/backups/files/file_blocks.h"
#include "collectors/backups/files/packed_end.h"

namespace pgvigil::backups {
namespace {

constexpr std::size_t k_end = 4096;
constexpr std::string_view k_cluster_dump = "-- PostgreSQL database cluster dump";

/// Takes what is unpacked and keeps its ends.
class Ends {
 public:
  explicit Ends(Content& content) : content_(content) {}

  void take(std::string_view block) {
    content_.size += block.size();
    if (content_.head.size() < k_end) content_.head.append(block.substr(0, k_end - content_.head.size()));
    content_.tail.append(block.size() > k_end ? block.substr(block.size() - k_end) : block);
    if (content_.tail.size() > k_end) content_.tail.erase(0, content_.tail.size() - k_end);
    if (content_.head.contains(k_cluster_dump)) take_lines(block);
  }

 private:
  /// In a dump of a cluster each database begins with "\connect NAME". Data cannot: COPY doubles the backslash.
  void take_lines(std::string_view block) {
    while (!block.empty()) {
      const std::size_t end = block.find('\n');
      if (line_.size() < k_end) line_ += block.substr(0, std::min(end, k_end));
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
    content_.connects.push_back(std::move(name));
  }

  Content& content_;
  std::string line_;
};

class Inflater {
 public:
  explicit Inflater(Ends& ends) : ends_(ends) { inflateInit2(&stream_, 15 + 16); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// False when the stream is damaged.
  bool take(std::string_view packed) {
    std::string input(packed);
    stream_.next_in = reinterpret_cast<Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    while (stream_.avail_in > 0) {
      // gzip files may follow one another.
      if (ended_ && inflateReset(&stream_) != Z_OK) return false;
      ended_ = false;
      stream_.next_out = out_.data();
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return false;
      ends_.take({reinterpret_cast<const char*>(out_.data()), out_.size() - stream_.avail_out});
      ended_ = result == Z_STREAM_END;
    }
    return true;
  }
  bool ended() const { return ended_; }

 private:
  Ends& ends_;
  z_stream stream_{};
  std::array<Bytef, 65536> out_;
  bool ended_ = false;
};

struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZstdReader {
 public:
  explicit ZstdReader(Ends& ends) : ends_(ends), stream_(ZSTD_createDStream()), out_(ZSTD_DStreamOutSize()) {}

  bool take(std::string_view packed) {
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    while (input.pos < input.size) {
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t result = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(result) != 0) return false;
      ends_.take({out_.data(), output.pos});
      ended_ = result == 0;
    }
    // What is still in its buffers.
    while (!ended_) {
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t result = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(result) != 0) return false;
      ends_.take({out_.data(), output.pos});
      ended_ = result == 0;
      if (output.pos == 0) break;
    }
    return true;
  }
  bool ended() const { return ended_; }

 private:
  Ends& ends_;
  std::unique_ptr<ZSTD_DStream, FreeZstd> stream_;
  std::vector<char> out_;
  bool ended_ = false;
};

template <typename Reader>
std::expected<void, Error> unpack(FileBlocks& file, Ends& ends, Content& content, Deadline deadline, const std::stop_token& stop) {
  Reader reader(ends);
  auto read = file.each_block(deadline, stop, [&](std::string_view block) { return content.whole = reader.take(block); });
  if (!read) return read;
  content.whole = content.whole && reader.ended();
  return {};
}

bool is_gpg(std::string_view head) {
  if (head.starts_with("-----BEGIN PGP MESSAGE-----")) return true;
  // Packets that begin an encrypted message (RFC 4880, 4.2): session keys for a public key or a password, or the data.
  const auto first = head.empty() ? 0 : static_cast<unsigned char>(head.front());
  const std::array<unsigned, 8> tags = {0x84, 0x85, 0x86, 0x8c, 0x8d, 0xc1, 0xc3, 0xd2};
  return std::ranges::find(tags, first) != tags.end();
}

}  // namespace

Packing packing_of(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return Packing::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Packing::zstd;
  if (head.starts_with("\xfd" "7zXZ") || head.starts_with("BZh") || head.starts_with("\x04\x22\x4d\x18"))
    return Packing::other_compression;
  if (head.starts_with("age-encryption.org/") || head.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"))
    return Packing::age;
  return is_gpg(head) ? Packing::gpg : Packing::none;
}

std::expected<Content, Error> read_content(const std::string& path, Deadline deadline, const std::stop_token& stop) {
  auto file = FileBlocks::open(path);
  if (!file) return std::unexpected(file.error());
  Content content;
  content.stored = file->size();
  const std::string head = file->at(0, k_end);
  content.packing = packing_of(head);
  Ends ends(content);
  const auto read_tail = [&] { return file->at(content.stored - std::min<std::uint64_t>(content.stored, k_end), k_end); };
  std::expected<void, Error> read;
  switch (content.packing) {
    case Packing::gzip:
      read = unpack<Inflater>(*file, ends, content, deadline, stop);
      break;
    case Packing::zstd:
      read = unpack<ZstdReader>(*file, ends, content, deadline, stop);
      break;
    case Packing::none:
      if (head.contains(k_cluster_dump)) {
        read = file->each_block(deadline, stop, [&](std::string_view block) {
          ends.take(block);
          return true;
        });
        break;
      }
      content.head = head;
      content.tail = read_tail();
      content.size = content.stored;
      break;
    case Packing::other_compression:
      content.head = head;
      content.size = content.stored;
      content.whole = ends_as_packed(head, read_tail());
      break;
    case Packing::gpg:
    case Packing::age:
      content.head = head;
      content.size = content.stored;
      break;
  }
  if (!read) return std::unexpected(read.error());
  return content;
}

}  // namespace pgvigil::backups
