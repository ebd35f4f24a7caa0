#include "agent/runtime/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgvigil::agent {
namespace {

constexpr std::uint32_t k_changes =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch() : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FileWatch::~FileWatch() {
  close(inotify_);
}

bool FileWatch::watch(const std::vector<std::string>& folders) {
  const std::vector<int> before = std::exchange(watches_, {});
  for (const std::string& folder : folders) {
    // A folder that is watched already keeps its number, and its events.
    const int watch = inotify_add_watch(inotify_, folder.c_str(), k_changes);
    if (watch >= 0) watches_.push_back(watch);
  }
  const auto is_in = [](const std::vector<int>& watches, int watch) {
    return std::ranges::find(watches, watch) != watches.end();
  };
  for (int watch : before)
    if (!is_in(watches_, watch)) inotify_rm_watch(inotify_, watch);
  return !std::ranges::all_of(watches_, [&](int watch) { return is_in(before, watch); });
}

bool FileWatch::drain() {
  std::array<char, 4096> events;
  bool any = false;
  while (read(inotify_, events.data(), events.size()) > 0)
    any = true;
  return any;
}

}  // namespace pgvigil::agent
