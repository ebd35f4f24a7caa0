#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/packing/packing.h"
#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

class FileBlocks;
class Unpacker;
enum class Obstacle : std::uint8_t;

/// The ends of what a file holds, unpacked.
struct Content {
  Packing packing = Packing::none;
  std::string head;          ///< of what is encrypted, as it stands
  std::string tail;          ///< empty where it is encrypted
  std::uint64_t size = 0;    ///< unpacked
  std::uint64_t stored = 0;  ///< bytes of the file
  bool whole = true;         ///< the compressed stream ends as it should
  std::string obstacle;      ///< why it could not be unpacked, although it may be whole; empty: it could
  std::vector<std::string> connects;  ///< databases of the lines "\connect ...", at most 10,000
};

/// How much of it is kept, and what unpacking may take.
struct ContentLimits {
  std::size_t ends = 4096;  ///< bytes of the head, and of the tail
  Bytes memory{};
};

/// Reads the ends of a file; one that is compressed, and a dump of a whole cluster, to its end. Not
/// thread-safe.
class ContentReader {
 public:
  using Result = Content;
  ContentReader(std::string path, ContentLimits limits);
  ~ContentReader();

  /// Errors: `unreachable`, `permission`; `timed_out` when the deadline passes or a stop is asked for, and
  /// then the next call reads on from there. Once it has answered it is used up.
  std::expected<Content, Error> read(Deadline deadline, const std::stop_token& stop);

 private:
  class Ends;
  void begin(FileBlocks& file);
  bool unpack(std::string_view& block, Deadline deadline, const std::stop_token& stop);
  void drain();
  bool meet(Obstacle obstacle);

  const std::string path_;
  const ContentLimits limits_;
  Content content_;
  std::unique_ptr<Ends> ends_;  ///< nothing where only the ends are read
  std::unique_ptr<Unpacker> unpacker_;
  std::uint64_t offset_ = 0;
  bool begun_ = false;
};

}  // namespace pgvigil::backups
