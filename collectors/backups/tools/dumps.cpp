#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <map>

#include "collectors/backups/files/checksum.h"
#include "collectors/backups/files/command.h"
#include "collectors/backups/files/presence.h"
#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/tools/dump_manifest.h"
#include "collectors/backups/tools/dump_proof.h"
#include "collectors/backups/tools/reader.h"
#include "collectors/model/instant.h"

namespace pgvigil::backups {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t k_most_manifest = std::size_t{16} << 20;
constexpr std::size_t k_most_entries = 20'000;
/// A file that was written this lately may still be written.
constexpr minutes k_settled{2};
/// A draft in which nothing was written for so long was given up.
constexpr hours k_most_draft{1};
/// A time in a file that differs more from that of the file system tells when it was made; the other, when it
/// was copied.
constexpr hours k_copied{36};

/// The database is told by what has no file of its own.
const std::string k_loose = "loose files";

std::optional<Timestamp> modified(const fs::path& path) {
  struct stat told {};
  if (stat(path.c_str(), &told) != 0) return std::nullopt;
  return timestamp_of(std::int64_t{told.st_mtim.tv_sec});
}

bool is_beside(const std::string& name) {
  constexpr std::array<std::string_view, 9> k_endings = {".json",    ".sha256", ".sha512", ".md5", ".sig",
                                                         ".asc.sig", ".log",    ".txt",    ".prom"};
  return name == "SHA256SUMS" || name.starts_with("lost+found") ||
         std::ranges::any_of(k_endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_draft(const std::string& name) {
  constexpr std::array<std::string_view, 3> k_endings = {".partial", ".tmp", ".part"};
  return name.starts_with(".partial") || name.contains(".partial.") ||
         std::ranges::any_of(k_endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

/// When something was written last in it, however deep.
std::optional<Timestamp> last_written(const fs::path& path) {
  auto last = modified(path);
  std::size_t entries = 0;
  std::error_code fault;
  for (fs::recursive_directory_iterator at(path, fault), end;
       !fault && at != end && ++entries < k_most_entries; at.increment(fault))
    last = std::max(last, modified(at->path()));
  return last;
}

/// ".partial-20261127T020000Z"
std::optional<Timestamp> time_of_stamp(const std::string& name) {
  constexpr std::string_view k_before = ".partial-";
  std::tm parts{};
  if (!name.starts_with(k_before) ||
      strptime(name.c_str() + k_before.size(), "%Y%m%dT%H%M%SZ", &parts) == nullptr)
    return std::nullopt;
  return timestamp_of(std::int64_t{timegm(&parts)});
}

void lower_state(Backup& backup, State state, std::string why, Reason reason = Reason::no_whole_backup) {
  if (backup.state == State::damaged || (backup.state == State::unproven && state == State::unproven)) return;
  backup.state = state;
  backup.why = std::move(why);
  backup.reason = state == State::unproven ? Reason::unproven : reason;
}

class DumpFolder {
 public:
  explicit DumpFolder(const Look& look) : look_(look), policy_(look.source.policy) {}

  Repository read(const std::vector<fs::path>& entries) {
    std::map<std::string, std::vector<fs::path>> sets;
    for (const fs::path& path : entries) {
      const std::string name = path.filename().string();
      if (is_draft(name))
        add_draft(path);
      else if (name.starts_with('.') || is_beside(name))
        continue;
      else if (is_there(path / "manifest.json"))
        add_told(path);
      else if (is_folder(path) && !is_there(path / "toc.dat"))
        add_folder(path);
      else
        sets[parse_dump_name(name).time].push_back(path);
    }
    for (const auto& [time, files] : sets)
      add_untold(time.empty() ? k_loose : time, files);
    std::ranges::stable_sort(repository_.backups, {},
                             [](const Backup& each) { return each.stop ? each.stop : each.start; });
    return std::move(repository_);
  }

 private:
  static std::vector<fs::path> files_in(const fs::path& folder, std::error_code& fault) {
    std::vector<fs::path> files;
    for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault))
      if (const std::string name = at->path().filename().string();
          !name.starts_with('.') && !is_beside(name) && !is_draft(name))
        files.push_back(at->path());
    return files;
  }

  /// A set of files without a manifest; it may be one whose folder is closed to us.
  void add_folder(const fs::path& folder) {
    std::error_code fault;
    const std::vector<fs::path> files = files_in(folder, fault);
    if (!fault) return add_untold(folder.filename().string(), files);
    Backup closed;
    closed.kind = Kind::dump;
    closed.label = folder.filename().string();
    closed.stop = modified(folder);
    lower_state(closed, State::unproven, "its folder cannot be read: " + fault.message());
    repository_.backups.push_back(std::move(closed));
  }

  /// What is being written, or was never finished. The name of a set tells when it was begun.
  void add_draft(const fs::path& path) {
    const auto written = last_written(path);
    if (!written) return;
    Backup draft;
    draft.kind = Kind::dump;
    draft.label = path.filename().string();
    draft.state = look_.now - *written > k_most_draft ? State::failed : State::running;
    draft.why = "it was never finished";
    draft.start = time_of_stamp(draft.label).value_or(*written);
    if (draft.state == State::failed) draft.stop = written;
    repository_.backups.push_back(std::move(draft));
  }

  /// A set with a manifest.
  void add_told(const fs::path& folder) {
    Backup set;
    set.kind = Kind::dump;
    set.label = folder.filename().string();
    set.stop = modified(folder);
    const auto text = read_whole_file((folder / "manifest.json").string(), k_most_manifest);
    const auto manifest = text ? parse_dump_manifest(*text) : std::unexpected(text.error());
    if (!manifest) {
      lower_state(set, State::damaged, manifest.error().message);
      return repository_.backups.push_back(std::move(set));
    }
    set.start = manifest->started;
    set.stop = manifest->finished;
    set.system_identifier = manifest->system_identifier;
    if (manifest->version) set.postgres_version = std::to_string(*manifest->version / 10000);
    set.set_is_told = true;
    set.expected = manifest->expected;
    set.key_expires = manifest->key_expires;
    set.recipients = manifest->recipients;
    bool has_globals = false;
    bool is_verified = !manifest->files.empty();
    std::uint64_t stored = 0;
    std::uint64_t dumped = 0;
    set.encrypted = !manifest->files.empty();
    for (const DumpManifest::File& file : manifest->files) {
      is_verified = check_told(folder, file, set) && is_verified;
      has_globals = has_globals || file.globals;
      if (!file.database.empty() && !file.globals) set.databases.push_back(file.database);
      set.encrypted = *set.encrypted && file.encrypted;
      stored += file.bytes;
      dumped += file.plain_bytes.value_or(0);
    }
    if (is_verified)
      set.verified = look_.proofs->about<Timestamp>((folder / "manifest.json").string(), "verified",
                                                    [&] { return std::optional(look_.now); });
    set.sizes.repository_delta = stored;
    if (dumped > 0) set.sizes.dumped = dumped;
    for (const std::string& database : manifest->expected)
      if (std::ranges::find(set.databases, database) == set.databases.end())
        lower_state(set, State::damaged, "database " + database + " is missing", Reason::set_incomplete);
    finish(std::move(set), has_globals);
  }

  /// Whether its sum is known to be right.
  bool check_told(const fs::path& folder, const DumpManifest::File& file, Backup& set) {
    const auto damaged = [&](const std::string& why) {
      lower_state(set, State::damaged, why);
      return false;
    };
    const std::string path = (folder / file.name).string();
    std::error_code fault;
    const auto size = fs::file_size(path, fault);
    if (fault) return damaged(file.name + ": " + fault.message());
    if (size != file.bytes)
      return damaged(file.name + " has " + std::to_string(size) + " bytes, and had " +
                     std::to_string(file.bytes) + " when it was written");
    if (file.sha256.empty()) return false;
    // A look whose time is over goes on with the next.
    const auto sum = look_.proofs->read<ChecksumReader>(path, "sha256", look_.deadline, look_.stop);
    if (sum && *sum != file.sha256) return damaged(file.name + " is not what was written: its sum differs");
    return sum.has_value();
  }

  /// A set that nothing tells about but its files.
  void add_untold(const std::string& label, const std::vector<fs::path>& files) {
    if (files.empty()) return;
    Backup set;
    set.kind = Kind::dump;
    set.label = label;
    bool has_globals = false;
    bool all_encrypted = true;
    std::uint64_t stored = 0;
    for (const fs::path& path : files) {
      std::uint64_t bytes = 0;
      const DumpFile dump = prove_dump(look_, path.string(), bytes);
      add_member(path, dump, set);
      const std::string name = path.filename().string();
      has_globals = has_globals || dump.globals || name.contains("globals") || name.contains("roles");
      all_encrypted = all_encrypted && dump.encrypted;
      stored += bytes;
    }
    set.encrypted = all_encrypted;
    set.sizes.repository_delta = stored;
    finish(std::move(set), has_globals);
  }

  void add_member(const fs::path& path, const DumpFile& dump, Backup& set) {
    const std::string name = path.filename().string();
    const auto time = modified(is_folder(path) ? path / "toc.dat" : path);
    if (!time) return lower_state(set, State::unproven, name + " is gone");
    const bool was_copied = dump.begun && *time - *dump.begun > k_copied;
    const Timestamp stop = was_copied ? *dump.begun : *time;
    const Timestamp start = dump.begun ? std::min(*dump.begun, stop) : stop;
    // The oldest member decides.
    set.stop = set.stop ? std::min(*set.stop, stop) : stop;
    set.start = set.start ? std::min(*set.start, start) : start;
    if (dump.databases.empty() && !dump.globals)
      set.databases.push_back(dump.database.empty() ? parse_dump_name(name).database : dump.database);
    set.databases.insert(set.databases.end(), dump.databases.begin(), dump.databases.end());
    if (dump.state == State::complete) return;
    const bool is_settled = look_.now - *time > k_settled;
    if (!is_settled && dump.state == State::damaged)
      lower_state(set, State::unproven, name + " is still written, or " + dump.why);
    else
      lower_state(set, dump.state, name + ": " + dump.why);
  }

  void finish(Backup set, bool has_globals) {
    if (policy_.globals && !has_globals)
      lower_state(set, State::damaged, "roles and tablespaces (globals) are missing", Reason::set_incomplete);
    repository_.backups.push_back(std::move(set));
  }

  const Look& look_;
  const Policy& policy_;
  Repository repository_;
};

}  // namespace

Reading read_dumps(const Look& look) {
  Reading reading;
  std::vector<fs::path> entries;
  std::error_code fault;
  for (fs::directory_iterator at(look.source.directory, fault), end;
       !fault && at != end && entries.size() < k_most_entries; at.increment(fault))
    entries.push_back(at->path());
  if (fault) {
    reading.trouble = Trouble{Reason::unreadable, look.source.directory + ": " + fault.message()};
    return reading;
  }
  reading.repositories.push_back(DumpFolder(look).read(entries));
  return reading;
}

}  // namespace pgvigil::backups
