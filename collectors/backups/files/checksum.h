#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// How a file is summed.
enum class SumKind : std::uint8_t { crc32c, sha224, sha256, sha384, sha512 };

/// "CRC32C", "SHA256": as backup_manifest calls them; nothing for another.
std::optional<SumKind> sum_kind_of(std::string_view word);

/// The sum of a file in hexadecimal digits. Not thread-safe.
class ChecksumReader {
 public:
  using Result = std::string;
  explicit ChecksumReader(std::string path, SumKind kind = SumKind::sha256);
  ~ChecksumReader();

  /// As ContentReader::read().
  std::expected<std::string, Error> read(Deadline deadline, const std::stop_token& stop);

 private:
  class Sum;
  const std::string path_;
  std::unique_ptr<Sum> sum_;
  std::uint64_t offset_ = 0;
  friend std::string sum_of(std::string_view text, SumKind kind);
};

/// The same of a text.
std::string sum_of(std::string_view text, SumKind kind);
std::string sha256_of(std::string_view text);

}  // namespace pgvigil::backups
