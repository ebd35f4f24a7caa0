#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/store/database.h"
#include "agent/store/room.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// Holds a state directory for one process, as long as it lives: the kernel lets go of it when the process
/// dies.
class DirectoryLock {
 public:
  /// Error `storage` when it cannot be written, or another process has it.
  static std::expected<DirectoryLock, Error> take(const std::filesystem::path& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// A file that cannot be used as it is.
enum class Unusable : std::uint8_t { damaged, newer };
/// "damaged", "newer".
std::string_view to_string(Unusable why);

/// Why a file was not opened: with `unusable` another one may take its place.
struct StoreFault {
  Error error;
  std::optional<Unusable> unusable = {};
};

/// Opens the file (":memory:" has none), checks it, and brings the tables of every room up to date.
std::expected<Database, StoreFault> open_store_file(const std::string& path,
                                                    std::span<const StoreRoom> rooms);

/// Moves a file out of the way, to "<path>.<why>", over the one that lies there. Its journal goes with it.
std::expected<void, Error> set_aside(const std::filesystem::path& path, std::string_view why);

}  // namespace pgvigil::agent
