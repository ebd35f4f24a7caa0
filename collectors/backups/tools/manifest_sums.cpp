#include "collectors/backups/tools/manifest_sums.h"

#include <filesystem>

#include "collectors/backups/files/command.h"

namespace pgvigil::backups {

ManifestSums::ManifestSums(std::string path) : path_(std::move(path)) {}
ManifestSums::~ManifestSums() = default;

std::expected<void, Error> ManifestSums::begin() {
  const auto text = read_whole_file(path_, k_most_backup_manifest);
  if (!text) return std::unexpected(text.error());
  auto manifest = parse_backup_manifest(*text);
  if (!manifest) return std::unexpected(std::move(manifest.error()));
  compared_.all_told = manifest->sum_is_right;
  for (BackupManifest::File& file : manifest->files) {
    if (may_change(file)) continue;
    if (file.path.empty() || !file.sum_kind)
      compared_.all_told = false;
    else
      files_.push_back(std::move(file));
  }
  begun_ = true;
  return {};
}

std::expected<SumsCompared, Error> ManifestSums::read(Deadline deadline, const std::stop_token& stop) {
  if (stop.stop_requested() || Deadline::clock::now() >= deadline)
    return std::unexpected(Error{ErrorKind::timed_out, path_ + ": there was no time to read the files"});
  if (!begun_)
    if (auto begun = begin(); !begun) return std::unexpected(std::move(begun.error()));
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  for (; at_ < files_.size(); ++at_) {
    const BackupManifest::File& file = files_[at_];
    if (!reader_) reader_ = std::make_unique<ChecksumReader>((folder / file.path).string(), *file.sum_kind);
    const auto sum = reader_->read(deadline, stop);
    // What cannot be opened may be there for the next look.
    if (!sum) return std::unexpected(sum.error());
    reader_.reset();
    if (*sum == file.sum) continue;
    compared_.wrong = file.path + " is not what was backed up: its sum differs";
    break;
  }
  return std::move(compared_);
}

}  // namespace pgvigil::backups
