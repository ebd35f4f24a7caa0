#pragma once

#include <string>
#include <vector>

namespace pgvigil::agent {

/// Notices changes in folders: a file written, moved or removed there, and the swap of the link "..data" by
/// which Kubernetes changes a mounted ConfigMap or Secret. Folders are watched, not files, because both an
/// editor and a ConfigMap replace the file itself. Not thread-safe.
class FileWatch {
 public:
  FileWatch();
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches these folders from now on, and no others. One that does not exist is left out. Changes that are
  /// not drained yet stay. True when a folder is new: what has changed in it before is not known.
  bool watch(const std::vector<std::string>& folders);
  /// Readable when something has changed; for poll().
  int descriptor() const { return inotify_; }
  /// Forgets the changes so far. True when there was one.
  bool drain();

 private:
  int inotify_;
  std::vector<int> watches_;
};

}  // namespace pgvigil::agent
