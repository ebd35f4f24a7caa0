#pragma once

#include <cstdint>
#include <expected>
#include <fstream>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// A file that is read block by block. Not thread-safe.
class FileBlocks {
 public:
  /// Errors: `permission`, `unreachable`.
  static std::expected<FileBlocks, Error> open(const std::string& path);
  std::uint64_t size() const { return size_; }
  /// At most `most` bytes from there on.
  std::string at(std::uint64_t offset, std::size_t most);
  /// Hands over one block after the other, beginning at `offset`, until there is none or `take` gives false.
  /// `take` cuts off what it has taken; the rest comes again, and `offset` goes on by as much. Errors:
  /// `timed_out` when the deadline passes or a stop is asked for, and then a next call goes on at `offset`;
  /// `unreachable` when the medium fails.
  std::expected<void, Error> each_block(std::uint64_t& offset,
                                        Deadline deadline,
                                        const std::stop_token& stop,
                                        const std::function<bool(std::string_view&)>& take);

 private:
  std::string path_;
  std::ifstream file_;
  std::uint64_t size_ = 0;
};

}  // namespace pgvigil::backups
