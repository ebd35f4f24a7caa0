#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "collectors/backups/files/command.h"
#include "collectors/backups/files/content.h"
#include "collectors/backups/files/presence.h"
#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/tools/backup_manifest.h"
#include "collectors/backups/tools/manifest_sums.h"
#include "collectors/backups/tools/reader.h"
#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_most_label = 4096;
constexpr std::size_t k_tar_zeros = 1024;
constexpr std::uint64_t k_tar_block = 512;
constexpr std::string_view k_tablespaces = "pg_tblspc/";
/// Where nothing was written for so long, nothing is on its way.
constexpr std::chrono::minutes k_settled{5};
/// Of one look, for the sums of files: on the disk that it lies on other work goes on.
constexpr std::chrono::seconds k_most_summing{10};
constexpr std::size_t k_most_version = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<Timestamp> modified(const fs::path& path) {
  struct stat told {};
  if (stat(path.c_str(), &told) != 0) return std::nullopt;
  return timestamp_of(std::int64_t{told.st_mtim.tv_sec});
}

void damage(Backup& backup, std::string why) {
  if (backup.state == State::damaged) return;
  backup.state = State::damaged;
  backup.why = std::move(why);
}

void leave_open(Backup& backup, std::string why) {
  if (backup.state != State::complete) return;
  backup.state = State::unproven;
  backup.reason = Reason::unproven;
  backup.why = std::move(why);
}

/// A tar that is one file of the backup, packed or not; empty when it is not there.
fs::path tar_in(const fs::path& folder, const std::string& name) {
  for (const char* ending : {"", ".gz", ".zst", ".lz4"})
    if (fs::path path = folder / (name + ending); is_there(path)) return path;
  return {};
}

class BaseBackup {
 public:
  BaseBackup(const Look& look, const fs::path& folder) : look_(look), folder_(folder) {
    backup_.label = folder.filename().string();
    backup_.kind = Kind::base;
    backup_.encrypted = false;
  }

  Backup read() {
    const fs::path path = folder_ / "backup_manifest";
    backup_.stop = modified(path);
    backup_.start = modified(folder_ / "backup_label").value_or(backup_.stop.value_or(Timestamp{}));
    const auto text = read_whole_file(path.string(), k_most_backup_manifest);
    const auto manifest = text ? parse_backup_manifest(*text) : std::unexpected(text.error());
    if (!manifest && !backup_.stop && is_written()) {
      backup_.state = State::running;
      backup_.start = modified(folder_ / "backup_label");
      return std::move(backup_);
    }
    if (!manifest) {
      damage(backup_, manifest.error().message);
      return std::move(backup_);
    }
    if (!manifest->sum_is_right) damage(backup_, "the sum of backup_manifest is wrong");
    backup_.system_identifier = manifest->system_identifier;
    std::uint64_t size = 0;
    for (const BackupManifest::File& file : manifest->files)
      size += file.size;
    backup_.sizes.database = size;
    if (!manifest->wal.empty()) backup_.lsn_start = manifest->wal.front().start_lsn;
    if (is_there(folder_ / "PG_VERSION")) {
      check_plain(*manifest);
      find_links();
    } else {
      check_tar();
      check_tablespaces(*manifest);
    }
    return std::move(backup_);
  }

 private:
  /// The manifest is written last: without it a folder in which something was written lately is still on its
  /// way.
  bool is_written() const { return was_touched(folder_) || was_touched(folder_ / "base"); }

  bool was_touched(const fs::path& folder) const {
    std::error_code fault;
    for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault))
      if (const auto time = modified(at->path()); time && look_.now - *time < k_settled) return true;
    return false;
  }

  /// Of a plain backup: each tablespace is a link in pg_tblspc, or a folder.
  void find_links() {
    backup_.tablespaces.emplace();
    std::error_code fault;
    for (fs::directory_iterator at(folder_ / "pg_tblspc", fault), end; !fault && at != end;
         at.increment(fault)) {
      std::error_code none;
      const fs::path location = fs::read_symlink(at->path(), none);
      if (!is_there(at->path()))
        damage(backup_, "tablespace " + at->path().filename().string() + " is not at " + location.string());
      backup_.tablespaces->push_back({.oid = at->path().filename().string(),
                                      .location = location.string(),
                                      .outside = !location.empty()});
    }
  }

  /// Of a tar backup: each tablespace is a tar with its number.
  void check_tablespaces(const BackupManifest& manifest) {
    backup_.tablespaces.emplace();
    std::error_code fault;
    for (fs::directory_iterator at(folder_, fault), end; !fault && at != end; at.increment(fault)) {
      const std::string name = at->path().filename().string();
      const std::string oid = name.substr(0, name.find('.'));
      if (oid.empty() || !std::ranges::all_of(oid, is_digit) || !name.contains(".tar")) continue;
      check_end(at->path());
      backup_.tablespaces->push_back({.oid = oid});
    }
    for (const BackupManifest::File& file : manifest.files) {
      if (!file.path.starts_with(k_tablespaces)) continue;
      const std::string oid = file.path.substr(
          k_tablespaces.size(), file.path.find('/', k_tablespaces.size()) - k_tablespaces.size());
      if (std::ranges::find(*backup_.tablespaces, oid, &Tablespace::oid) == backup_.tablespaces->end())
        return damage(backup_, oid + ".tar is missing: the files of a tablespace");
    }
  }

  void check_plain(const BackupManifest& manifest) {
    if (const auto version = read_whole_file((folder_ / "PG_VERSION").string(), k_most_version))
      backup_.postgres_version = version->substr(0, version->find('\n'));
    for (const BackupManifest::File& file : manifest.files) {
      if (file.path.empty() || may_change(file)) continue;
      std::error_code fault;
      const auto size = fs::file_size(folder_ / file.path, fault);
      if (fault) return damage(backup_, file.path + ": " + fault.message());
      if (size != file.size)
        return damage(backup_, file.path + " has " + std::to_string(size) + " bytes, and had " +
                                   std::to_string(file.size));
    }
    const auto label = read_whole_file((folder_ / "backup_label").string(), k_most_label);
    if (label && label->contains("INCREMENTAL FROM LSN"))
      leave_open(backup_, "it is incremental, and pgvigil does not look for what it builds upon");
    check_wal(manifest);
  }

  /// Its own WAL makes it consistent; without it a restore needs an archive that nobody has looked into.
  void check_wal(const BackupManifest& manifest) {
    const std::uint64_t size = look_.segment_size.value_or(k_default_segment_size);
    for (const BackupManifest::WalRange& range : manifest.wal) {
      const auto start = parse_lsn(range.start_lsn);
      const auto end = parse_lsn(range.end_lsn);
      if (!start || !end) return damage(backup_, "its range of WAL is none");
      for (std::uint64_t number = *start / size; number <= (*end == 0 ? 0 : *end - 1) / size; ++number) {
        const std::string name = segment_name({range.timeline, number}, size);
        if (!is_there(folder_ / "pg_wal" / name))
          return leave_open(
              backup_, "WAL segment " + name + " is not in its pg_wal: it takes an archive to restore it");
      }
    }
  }

  void check_tar() {
    const fs::path base = tar_in(folder_, "base.tar");
    if (base.empty()) return damage(backup_, "base.tar is missing");
    check_end(base);
    const fs::path wal = tar_in(folder_, "pg_wal.tar");
    if (wal.empty()) return leave_open(backup_, "it holds no WAL: it takes an archive to restore it");
    check_end(wal);
  }

  void check_end(const fs::path& path) {
    const ContentLimits limits{.memory = look_.source.unpack_memory};
    const auto content =
        look_.proofs->read<ContentReader>(path.string(), "content", look_.deadline, look_.stop, limits);
    const std::string name = path.filename().string();
    if (!content) return leave_open(backup_, content.error().message);
    if (!content->obstacle.empty()) return leave_open(backup_, name + ": " + content->obstacle);
    const std::string_view tail = content->tail;
    const bool ends =
        content->whole && content->size % k_tar_block == 0 && tail.size() >= k_tar_zeros &&
        std::ranges::all_of(tail.substr(tail.size() - k_tar_zeros), [](char c) { return c == '\0'; });
    if (!ends) damage(backup_, name + " is cut off");
  }

  const Look& look_;
  const fs::path folder_;
  Backup backup_;
};

bool is_base_backup(const fs::path& folder) {
  return is_there(folder / "backup_manifest") || is_there(folder / "backup_label") ||
         !tar_in(folder, "base.tar").empty();
}

/// Compares files with the sums of the manifest, of the newest backup first. Until all of one are read it is
/// judged by their sizes alone.
void compare_sums(const Look& look, std::vector<Backup>& backups) {
  const Deadline until = std::min(look.deadline, Deadline::clock::now() + k_most_summing);
  const fs::path root = look.source.directory;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    const fs::path folder =
        is_base_backup(root) && backup->label == root.filename() ? root : root / backup->label;
    if (backup->state == State::running || backup->state == State::damaged ||
        !is_there(folder / "PG_VERSION"))
      continue;
    const std::string manifest = (folder / "backup_manifest").string();
    const auto sums = look.proofs->read<ManifestSums>(manifest, "sums", until, look.stop);
    if (sums && !sums->wrong.empty())
      damage(*backup, sums->wrong);
    else if (sums && sums->all_told)
      backup->verified =
          look.proofs->about<Timestamp>(manifest, "verified", [&] { return std::optional(look.now); });
  }
}

}  // namespace

Reading read_base_backups(const Look& look) {
  Reading reading;
  Repository repository;
  std::error_code fault;
  const fs::path root = look.source.directory;
  if (is_base_backup(root)) repository.backups.push_back(BaseBackup(look, root).read());
  for (fs::directory_iterator at(root, fault), end; !fault && at != end; at.increment(fault))
    if (is_folder(at->path()) && is_base_backup(at->path()))
      repository.backups.push_back(BaseBackup(look, at->path()).read());
  if (fault) {
    reading.trouble = Trouble{Reason::unreadable, look.source.directory + ": " + fault.message()};
    return reading;
  }
  std::ranges::stable_sort(repository.backups, {}, &Backup::stop);
  if (look.source.checksums) compare_sums(look, repository.backups);
  reading.repositories.push_back(std::move(repository));
  return reading;
}

}  // namespace pgvigil::backups
