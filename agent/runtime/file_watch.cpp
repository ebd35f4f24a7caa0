#include "agent/runtime/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace pgvigil::agent {
namespace {

constexpr std::uint32_t k_changes =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch() : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FileWatch::~FileWatch() { close(inotify_); }

void FileWatch::watch(const std::vector<std::string>& folders) {
  for (int watch : watches_) inotify_rm_watch(inotify_, watch);
  watches_.clear();
  for (const std::string& folder : folders) {
    const int watch = inotify_add_watch(inotify_, folder.c_str(), k_changes);
    if (watch >= 0) watches_.push_back(watch);
  }
  drain();
}

bool FileWatch::drain() {
  std::array<char, 4096> events;
  bool any = false;
  while (read(inotify_, events.data(), events.size()) > 0) any = true;
  return any;
}

}  // namespace pgvigil::agent
