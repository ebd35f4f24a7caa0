#include "agent/store/store_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace pgvigil::agent {
namespace {

namespace fs = std::filesystem;

/// Of the file as a whole, beside the versions of the rooms.
constexpr std::int64_t k_layout = 1;

// A commit is on the disk when it returns. The journal and the cache stay small.
constexpr std::string_view k_settings = R"(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -256;
  PRAGMA wal_autocheckpoint = 256;
  PRAGMA journal_size_limit = 1048576;
  PRAGMA foreign_keys = ON;
)";

constexpr std::string_view k_versions = R"(
  CREATE TABLE IF NOT EXISTS room_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
)";

using Opened = std::expected<void, StoreFault>;

Opened settle(Database& database, std::expected<void, Error> result) {
  if (result) return {};
  return std::unexpected(
      StoreFault{result.error(), database.is_damaged() ? std::optional(Unusable::damaged) : std::nullopt});
}

Opened check(Database& database, const std::string& path) {
  std::string verdict;
  auto checked = settle(database, database.query("PRAGMA quick_check(1)", {},
                                                 [&](const SqlRow& row) { verdict = row.text(0); }));
  if (checked && verdict != "ok")
    return std::unexpected(
        StoreFault{{ErrorKind::storage, "store '" + path + "': " + verdict}, Unusable::damaged});
  return checked;
}

StoreFault newer(const std::string& path, const std::string& what) {
  return {{ErrorKind::storage, "store '" + path + "' was written by a newer pgvigil (" + what + ")"},
          Unusable::newer};
}

/// The tables of one room, from the version that the file has to the last.
Opened upgrade(Database& database, const std::string& path, const StoreRoom& room) {
  std::int64_t version = 0;
  if (auto read =
          settle(database, database.query("SELECT version FROM room_versions WHERE room = ?", {room.name},
                                          [&](const SqlRow& row) { version = row.integer(0); }));
      !read)
    return read;
  const auto last = static_cast<std::int64_t>(room.steps.size());
  if (version > last) return std::unexpected(newer(path, "its " + std::string(room.name)));
  if (version == last) return {};
  for (auto step = static_cast<std::size_t>(version); step < room.steps.size(); ++step)
    if (auto done = settle(database, database.script(room.steps[step])); !done) return done;
  return settle(database, database.run("INSERT INTO room_versions (room, version) VALUES (?, ?) "
                                       "ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                                       {room.name, last}));
}

Opened upgrade_all(Database& database, const std::string& path, std::span<const StoreRoom> rooms) {
  std::int64_t layout = 0;
  auto done = settle(database, database.query("PRAGMA user_version", {},
                                              [&](const SqlRow& row) { layout = row.integer(0); }));
  if (!done) return done;
  if (layout > k_layout) return std::unexpected(newer(path, "layout " + std::to_string(layout)));
  // All of it or nothing: a process that dies in the middle leaves the file as it was.
  done = settle(database, database.script("BEGIN IMMEDIATE"));
  if (done) done = settle(database, database.script(k_versions));
  for (const StoreRoom& room : rooms)
    if (done) done = upgrade(database, path, room);
  if (done) done = settle(database, database.script("PRAGMA user_version = " + std::to_string(k_layout)));
  if (done) done = settle(database, database.script("COMMIT"));
  return done;
}

Error file_error(const fs::path& path, int cause) {
  return {ErrorKind::storage,
          "cannot write '" + path.string() + "': " + std::generic_category().message(cause)};
}

}  // namespace

std::string_view to_string(Unusable why) {
  return why == Unusable::damaged ? "damaged" : "newer";
}

std::expected<DirectoryLock, Error> DirectoryLock::take(const fs::path& directory) {
  const fs::path path = directory / "pgvigil.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return std::unexpected(file_error(path, errno));
  DirectoryLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return std::unexpected(file_error(path, errno));
  return std::unexpected(Error{ErrorKind::storage,
                               "another pgvigil uses the state directory '" + directory.string() + "'",
                               "Give each one a [state] directory of its own."});
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::expected<Database, StoreFault> open_store_file(const std::string& path,
                                                    std::span<const StoreRoom> rooms) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(StoreFault{database.error()});
  auto done = settle(*database, database->script(k_settings));
  if (done) done = check(*database, path);
  if (done) done = upgrade_all(*database, path, rooms);
  if (!done) return std::unexpected(done.error());
  return std::move(*database);
}

std::expected<void, Error> set_aside(const fs::path& path, std::string_view why) {
  for (const char* part : {"-wal", "-shm", ""}) {
    const fs::path from = path.string() + part;
    const fs::path to = path.string() + "." + std::string(why) + part;
    std::error_code fault;
    fs::remove(to, fault);
    fs::rename(from, to, fault);
    if (fault && fault != std::errc::no_such_file_or_directory)
      return std::unexpected(file_error(from, fault.value()));
  }
  return {};
}

}  // namespace pgvigil::agent
