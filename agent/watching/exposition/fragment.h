#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgvigil::agent {

/// A piece of text, deflated so that pieces can be put one after the other: it begins with an empty window
/// and ends on a byte border with a block that is not the last (full flush). With the CRC-32 and the length
/// of the text, a scrape joins pieces into one ordinary gzip stream (RFC 1952) without compressing anything.
struct Fragment {
  std::string deflated;
  std::uint32_t crc = 0;
  std::uint64_t length = 0;  ///< of the text, in bytes
};

/// Deflates text as it comes.
class FragmentWriter {
 public:
  FragmentWriter();
  ~FragmentWriter();
  void append(std::string_view text);
  Fragment finish() &&;

 private:
  struct Deflater;
  void deflate_pending(std::string_view text, int flush);
  std::unique_ptr<Deflater> deflater_;
  Fragment fragment_;
};

/// The ten bytes before the first fragment.
const std::string& gzip_head();

/// What follows the last fragment: the final block, the CRC-32 of the whole text and its length.
std::string gzip_tail(std::span<const Fragment* const> fragments);

/// Inflates fragments as one text, a piece at a time: what it holds does not grow with them.
class FragmentReader {
 public:
  explicit FragmentReader(std::vector<std::shared_ptr<const Fragment>> fragments);
  ~FragmentReader();
  /// The next piece, of at most 64 kB; empty at the end.
  std::string next();

 private:
  struct Inflater;
  void feed();
  std::vector<std::shared_ptr<const Fragment>> fragments_;
  std::size_t fragment_ = 0;  ///< the one that is read
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace pgvigil::agent
