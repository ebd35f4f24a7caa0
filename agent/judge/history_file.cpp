#include "agent/judge/history_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "agent/store/store_file.h"

namespace pgvigil::agent {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::string path_in(const std::string& directory) {
  return (fs::path(directory) / "history.bin").string();
}

std::unexpected<Error> failure(const std::string& verb, const std::string& path) {
  return std::unexpected(Error{
      ErrorKind::storage, "cannot " + verb + " '" + path + "': " + std::generic_category().message(errno)});
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::expected<std::optional<std::string>, Error> read_history_file(const std::string& directory) {
  const std::string path = path_in(directory);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) return std::nullopt;
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return failure("read", path);
  return bytes;
}

std::expected<void, Error> write_history_file(const std::string& directory, std::string_view bytes) {
  const std::string path = path_in(directory);
  const std::string next = path + ".next";
  {
    const Descriptor file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.number() < 0 || !write_all(file.number(), bytes) || fsync(file.number()) != 0)
      return failure("write", next);
  }
  if (std::rename(next.c_str(), path.c_str()) != 0) return failure("replace", path);
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0 || fsync(folder.number()) != 0) return failure("write", directory);
  return {};
}

std::expected<void, Error> set_history_file_aside(const std::string& directory) {
  return set_aside(path_in(directory), "damaged");
}

}  // namespace pgvigil::agent
