#include "collectors/host/memory_limit.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string_view>

namespace pgvigil::host {
namespace {

namespace fs = std::filesystem;

/// cgroup v1 has no word for "none": it is the largest number of whole pages.
constexpr std::uint64_t k_none = std::uint64_t{1} << 62;

/// Takes the limit in a file, where there is one and it is less.
void take(const fs::path& path, std::optional<Bytes>& least) {
  std::ifstream file(path);
  std::uint64_t bytes = 0;
  if (!(file >> bytes) || bytes >= k_none) return;  // "max" is no number
  least = std::min(least.value_or(Bytes{bytes}), Bytes{bytes});
}

/// From the cgroup at `path` up to the one that is mounted.
void take_all(const std::string& mount,
              const std::string& path,
              std::initializer_list<const char*> files,
              std::optional<Bytes>& least) {
  fs::path folder = fs::path(path).lexically_normal().relative_path();
  for (bool is_mount = false; !is_mount; folder = folder.parent_path()) {
    is_mount = folder.empty();
    for (const char* file : files)
      take(mount / folder / file, least);
  }
}

bool has_word(std::string_view list, std::string_view word) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) == word) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::optional<Bytes> own_memory_limit(const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::optional<Bytes> least;
  for (std::string line; std::getline(file, line);) {  // "4:memory:/a/b", of v2 "0::/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) take_all(root + "/sys/fs/cgroup", path, {"memory.max", "memory.high"}, least);
    if (has_word(controllers, "memory"))
      take_all(root + "/sys/fs/cgroup/memory", path, {"memory.limit_in_bytes"}, least);
  }
  return least;
}

}  // namespace pgvigil::host
