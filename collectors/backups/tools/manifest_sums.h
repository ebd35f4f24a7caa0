#pragma once

#include <expected>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collectors/backups/files/checksum.h"
#include "collectors/backups/tools/backup_manifest.h"
#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// What came of a comparison of the files of a base backup with the sums of its manifest.
struct SumsCompared {
  std::string wrong;      ///< the first file that is not what it was; empty: there is none
  bool all_told = false;  ///< the manifest has a sum of each
};

/// Reads all files of a plain base backup, one after the other. Not thread-safe.
class ManifestSums {
 public:
  using Result = SumsCompared;
  /// `path` is that of backup_manifest; the files lie beside it.
  explicit ManifestSums(std::string path);
  ~ManifestSums();

  /// As ContentReader::read().
  std::expected<SumsCompared, Error> read(Deadline deadline, const std::stop_token& stop);

 private:
  std::expected<void, Error> begin();

  const std::string path_;
  std::vector<BackupManifest::File> files_;
  std::size_t at_ = 0;                      ///< the file that is read
  std::unique_ptr<ChecksumReader> reader_;  ///< of it; nothing: it was not begun
  SumsCompared compared_;
  bool begun_ = false;
};

}  // namespace pgvigil::backups
