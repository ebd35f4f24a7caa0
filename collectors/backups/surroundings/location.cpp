#include "collectors/backups/surroundings/location.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "collectors/backups/files/command.h"
#include "collectors/backups/tools/pgbackrest_conf.h"

namespace pgvigil::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_most_configuration = std::size_t{1} << 20;
constexpr std::size_t k_most_files = 1000;

std::optional<dev_t> device_of(const std::string& path) {
  struct stat told {};
  if (path.empty() || stat(path.c_str(), &told) != 0) return std::nullopt;
  return told.st_dev;
}

/// File systems that another host serves (linux/magic.h; those of CIFS and Ceph are in no header of libc).
bool is_of_network(const std::string& path) {
  constexpr std::array<std::uint64_t, 6> k_networks = {NFS_SUPER_MAGIC,       SMB_SUPER_MAGIC,
                                                       0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */,
                                                       0x00C36400 /* Ceph */, AFS_SUPER_MAGIC};
  struct statfs told {};
  return statfs(path.c_str(), &told) == 0 &&
         std::ranges::find(k_networks, static_cast<std::uint64_t>(static_cast<std::uint32_t>(told.f_type))) !=
             k_networks.end();
}

/// Of a folder on this host. Where the server's data is not seen, it may run elsewhere.
Place place_of_folder(const std::string& path, const std::string& data_directory) {
  const auto device = device_of(path);
  const auto data = device_of(data_directory);
  if (!device || !data) return Place::unknown;
  if (*device == *data) return Place::same_volume;
  return is_of_network(path) ? Place::other_host : Place::same_host;
}

void find_path(const Source& source, const std::string& stanza, Repository& repository) {
  switch (source.tool) {
    case Tool::dumps:
    case Tool::base_backups:
      repository.path = source.directory;
      return;
    case Tool::pgbackrest:
      if (const auto conf = read_pgbackrest_conf(source, stanza)) {
        auto [path, place] = place_of(*conf, repository.key);
        repository.path = std::move(path);
        repository.place = place;
      }
      return;
    case Tool::wal_g: {
      std::string settings = read_whole_file(source.config_file, k_most_configuration).value_or("");
      for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        if (std::string_view(*variable).starts_with("WAL")) settings += std::string("\n") + *variable;
      repository.place = place_of_wal_g(settings, repository.path);
      return;
    }
    case Tool::cloudnativepg: {
      // Snapshots are where the storage class puts them.
      const auto& backups = repository.backups;
      if (!backups.empty() && backups.back().kind != Kind::snapshot) repository.place = Place::object_store;
      return;
    }
    case Tool::barman:
      return;  // its reader has found the folder out
  }
}

/// Where the newest complete backup lies.
std::string folder_of_newest(const Source& source, const std::string& stanza, const Repository& repository) {
  const auto newest = std::ranges::find(repository.backups.rbegin(), repository.backups.rend(),
                                        State::complete, &Backup::state);
  if (newest == repository.backups.rend() || repository.path.empty() || newest->label.contains('/'))
    return "";
  switch (source.tool) {
    case Tool::dumps:
    case Tool::base_backups:
      return repository.path + '/' + newest->label;
    case Tool::pgbackrest:
      return repository.path + "/backup/" + stanza + '/' + newest->label;
    case Tool::barman:
      return repository.path + "/base/" + newest->label;
    case Tool::wal_g:
    case Tool::cloudnativepg:
      break;
  }
  return "";
}

/// Nothing: the file system does not know, or there is no such file.
std::optional<bool> is_fixed(const std::string& path) {
  struct statx told {};
  constexpr std::uint64_t k_fixed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &told) != 0) return std::nullopt;
  if ((told.stx_attributes_mask & STATX_ATTR_IMMUTABLE) == 0) return std::nullopt;
  return (told.stx_attributes & k_fixed) != 0;
}

}  // namespace

std::optional<bool> is_immutable(const std::string& path) {
  std::optional<bool> all;
  std::size_t files = 0;
  std::error_code fault;
  if (fs::is_regular_file(path, fault)) return is_fixed(path);
  for (fs::recursive_directory_iterator at(path, fault), end; !fault && at != end && files < k_most_files;
       at.increment(fault)) {
    if (!at->is_regular_file(fault)) continue;
    ++files;
    const auto one = is_fixed(at->path().string());
    if (!one || !*one) return one;
    all = true;
  }
  return fault ? std::nullopt : all;
}

Place place_of_wal_g(const std::string& settings, std::string& path) {
  constexpr std::array<std::string_view, 6> k_stores = {"WALG_S3_PREFIX", "WALE_S3_PREFIX",
                                                        "WALG_GS_PREFIX", "WALE_GS_PREFIX",
                                                        "WALG_AZ_PREFIX", "WALG_SWIFT_PREFIX"};
  if (std::ranges::any_of(k_stores, [&](std::string_view store) { return settings.contains(store); }))
    return Place::object_store;
  if (settings.contains("WALG_SSH_PREFIX")) return Place::other_host;
  const std::size_t at = settings.find("WALG_FILE_PREFIX");
  if (at == settings.npos) return Place::unknown;
  // KEY=/path, KEY: /path, "KEY": "/path"
  const std::size_t begin = settings.find('/', at);
  const std::size_t end = std::min(settings.find_first_of("\"',\n\r", begin), settings.size());
  if (begin < settings.find('\n', at)) path = settings.substr(begin, end - begin);
  return Place::unknown;
}

void find_places(const Source& source, const std::string& data_directory, Reading& reading) {
  for (Repository& repository : reading.repositories) {
    find_path(source, reading.stanza, repository);
    if (repository.path.empty()) continue;
    if (repository.place == Place::unknown)
      repository.place = place_of_folder(repository.path, data_directory);
    if (const std::string folder = folder_of_newest(source, reading.stanza, repository); !folder.empty())
      repository.immutable = is_immutable(folder);
  }
}

}  // namespace pgvigil::backups
