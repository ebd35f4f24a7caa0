#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgvigil::backups {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as PostgreSQL sums the files of a base backup.
class Crc32c {
 public:
  void take(std::string_view block);
  /// Eight hexadecimal digits, the lowest byte first: as backup_manifest writes it.
  std::string finish() const;

 private:
  std::uint32_t rest_ = 0xFFFFFFFF;
};

}  // namespace pgvigil::backups
