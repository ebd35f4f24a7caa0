#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// The SHA-256 of a file, 64 hexadecimal digits. Not thread-safe.
class ChecksumReader {
 public:
  using Result = std::string;
  explicit ChecksumReader(std::string path);
  ~ChecksumReader();

  /// As ContentReader::read().
  std::expected<std::string, Error> read(Deadline deadline, const std::stop_token& stop);

 private:
  class Sha256;
  const std::string path_;
  std::unique_ptr<Sha256> sum_;
  std::uint64_t offset_ = 0;
  friend std::string sha256_of(std::string_view text);
};

/// The same of a text.
std::string sha256_of(std::string_view text);

}  // namespace pgvigil::backups
