#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/store/database.h"
#include "agent/store/room.h"
#include "agent/store/store_file.h"
#include "collectors/model/error.h"

namespace pgvigil::agent {

/// How the store fares, for metrics and pages.
struct StoreStatus {
  std::string path;           ///< empty: in memory
  std::string why_in_memory;  ///< empty when nobody asked for a file, or there is one
  std::uint64_t bytes = 0;    ///< the file with its journal
  std::uint64_t errors = 0;   ///< transactions that failed
  std::string last_error;
  std::uint64_t set_aside = 0;  ///< files that could not be used
};

class Store;

/// All or nothing: what is not committed is undone when it ends. While it lives it has the store for itself:
/// keep it short, and begin no other one meanwhile. After a failure every further call gives the same error,
/// so that it is enough to look at commit(). Of one thread.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  /// Undoes what was not committed.
  ~Transaction();

  std::expected<void, Error> run(std::string_view sql, SqlValues values = {});
  std::expected<void, Error> query(std::string_view sql,
                                   SqlValues values,
                                   const std::function<void(const SqlRow&)>& visit);
  std::int64_t last_id() const;
  std::int64_t changed() const;
  /// After it everything is on the disk.
  std::expected<void, Error> commit();

 private:
  friend class Store;
  Transaction(Store& store, std::unique_lock<std::mutex> lock) : store_(&store), lock_(std::move(lock)) {}
  std::expected<void, Error> keep(std::expected<void, Error> result);

  Store* store_;
  std::unique_lock<std::mutex> lock_;
  bool open_ = true;
  std::optional<Error> failed_;
};

/// What must survive a restart: `<directory>/pgvigil.db`, or memory without a directory. A file that is
/// damaged, or that a newer pgvigil wrote, is set aside and a fresh one begun; a directory that cannot be
/// used leaves the store in memory. All of that is logged, and none of it is fatal. Any thread may use it.
class Store {
 public:
  /// `directory` is created when it is not there; empty: in memory. The store is one process's at a time.
  static std::unique_ptr<Store> open(const std::string& directory, std::span<const StoreRoom> rooms);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Waits for the transaction of another thread.
  std::expected<Transaction, Error> begin();
  /// Where further files of state may be put; empty: nowhere.
  const std::string& directory() const { return directory_; }
  StoreStatus status() const;

 private:
  friend class Transaction;
  explicit Store(Database database) : database_(std::move(database)) {}
  void count_error(const Error& error);

  std::string directory_;
  std::optional<DirectoryLock> directory_lock_;
  std::mutex mutex_;  // guards database_
  Database database_;
  mutable std::mutex status_mutex_;  // guards status_
  StoreStatus status_;
};

}  // namespace pgvigil::agent
