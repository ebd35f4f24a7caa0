#include "agent/store/store.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "agent/log/log.h"

namespace pgvigil::agent {
namespace {

namespace fs = std::filesystem;

struct OpenedFile {
  Database database;
  std::uint64_t set_aside = 0;
};

/// The file at `path`, or a fresh one in its place.
std::expected<OpenedFile, Error> open_or_replace(const std::string& path, std::span<const StoreRoom> rooms) {
  auto opened = open_store_file(path, rooms);
  if (opened) return OpenedFile{std::move(*opened)};
  if (!opened.error().unusable) return std::unexpected(opened.error().error);
  const std::string_view why = to_string(*opened.error().unusable);
  log(LogLevel::error, "store_set_aside",
      {{"why", opened.error().error.message}, {"as", path + "." + std::string(why)}});
  if (const auto moved = set_aside(path, why); !moved) return std::unexpected(moved.error());
  auto fresh = open_store_file(path, rooms);
  if (!fresh) return std::unexpected(fresh.error().error);
  return OpenedFile{std::move(*fresh), 1};
}

std::expected<std::string, Error> ready_directory(const std::string& directory) {
  std::error_code fault;
  const bool made = fs::create_directories(directory, fault);
  if (fault)
    return std::unexpected(
        Error{ErrorKind::storage, "cannot make the state directory '" + directory + "': " + fault.message()});
  if (made) fs::permissions(directory, fs::perms::owner_all, fault);
  return directory;
}

std::uint64_t size_of(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const char* part : {"", "-wal"}) {
    std::error_code fault;
    const auto size = fs::file_size(path + part, fault);
    if (!fault) bytes += size;
  }
  return bytes;
}

Database in_memory(std::span<const StoreRoom> rooms) {
  auto database = open_store_file(":memory:", rooms);
  // Only a step of ours that is no SQL can fail here: every test would.
  if (!database) throw std::logic_error(database.error().error.message);
  return std::move(*database);
}

}  // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : store_(other.store_),
      lock_(std::move(other.lock_)),
      open_(std::exchange(other.open_, false)),
      failed_(std::move(other.failed_)) {}

Transaction::~Transaction() {
  if (open_) (void)store_->database_.script("ROLLBACK");
}

std::expected<void, Error> Transaction::keep(std::expected<void, Error> result) {
  if (result) return result;
  failed_ = result.error();
  store_->count_error(result.error());
  return result;
}

std::expected<void, Error> Transaction::run(std::string_view sql, SqlValues values) {
  if (failed_) return std::unexpected(*failed_);
  return keep(store_->database_.run(sql, values));
}

std::expected<void, Error> Transaction::query(std::string_view sql,
                                              SqlValues values,
                                              const std::function<void(const SqlRow&)>& visit) {
  if (failed_) return std::unexpected(*failed_);
  return keep(store_->database_.query(sql, values, visit));
}

std::int64_t Transaction::last_id() const {
  return store_->database_.last_id();
}

std::int64_t Transaction::changed() const {
  return store_->database_.changed();
}

std::expected<void, Error> Transaction::commit() {
  if (failed_) return std::unexpected(*failed_);
  auto done = keep(store_->database_.run("COMMIT"));
  if (!done) return done;
  open_ = false;
  lock_.unlock();
  log_recovery("store_failed", "store", {});
  return done;
}

std::unique_ptr<Store> Store::open(const std::string& directory, std::span<const StoreRoom> rooms) {
  const auto memory = [&](std::string why) {
    std::unique_ptr<Store> store(new Store(in_memory(rooms)));
    store->status_.why_in_memory = std::move(why);
    return store;
  };
  if (directory.empty()) {
    log(LogLevel::warning, "state_in_memory",
        {{"why", "there is no [state] directory"},
         {"consequence", "a restart forgets alerts that wait or fire"}});
    return memory("");
  }
  const auto give_up = [&](const Error& error) {
    log(LogLevel::error, "state_in_memory",
        {{"error", error.message},
         {"hint", error.hint},
         {"consequence", "a restart forgets alerts that wait or fire"}});
    return memory(error.message);
  };
  const auto ready = ready_directory(directory);
  if (!ready) return give_up(ready.error());
  auto lock = DirectoryLock::take(directory);
  if (!lock) return give_up(lock.error());
  const std::string path = (fs::path(directory) / "pgvigil.db").string();
  auto opened = open_or_replace(path, rooms);
  if (!opened) return give_up(opened.error());

  std::unique_ptr<Store> store(new Store(std::move(opened->database)));
  store->directory_ = directory;
  store->directory_lock_.emplace(std::move(*lock));
  store->status_.path = path;
  store->status_.set_aside = opened->set_aside;
  log(LogLevel::info, "state_opened", {{"file", path}});
  return store;
}

std::expected<Transaction, Error> Store::begin() {
  Transaction transaction(*this, std::unique_lock(mutex_));
  const auto begun = database_.run("BEGIN");
  if (begun) return transaction;
  transaction.open_ = false;
  count_error(begun.error());
  return std::unexpected(begun.error());
}

void Store::count_error(const Error& error) {
  log_on_change(LogLevel::error, "store_failed", "store", error, {});
  const std::lock_guard lock(status_mutex_);
  ++status_.errors;
  status_.last_error = error.message;
}

StoreStatus Store::status() const {
  StoreStatus status;
  {
    const std::lock_guard lock(status_mutex_);
    status = status_;
  }
  if (!status.path.empty()) status.bytes = size_of(status.path);
  return status;
}

}  // namespace pgvigil::agent
