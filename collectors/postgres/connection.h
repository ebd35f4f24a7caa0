#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/units.h"
#include "collectors/postgres/connection_settings.h"
#include "collectors/postgres/interrupt.h"

struct pg_result;

namespace pgvigil::postgres {

/// One row of a result, valid only during the call that it is handed to.
class Row {
 public:
  Row(const pg_result* result, int row) : result_(result), row_(row) {}
  /// The text in `column`, or nothing for SQL NULL.
  std::optional<std::string_view> text(std::size_t column) const;

 private:
  const pg_result* result_;
  int row_;
};

/// Receives a result as it arrives: memory stays flat however many rows there are.
class RowHandler {
 public:
  virtual ~RowHandler() = default;
  /// The columns, once, before the first row and also when there is none. An error ends the query.
  virtual std::expected<void, Error> begin(std::span<const std::string_view> columns) = 0;
  virtual void row(const Row& row) = 0;
};

/// How a collection behaves towards the server, beyond what is always so (read only, search_path =
/// pg_catalog, no parallel workers, no JIT).
struct Manners {
  std::chrono::milliseconds lock_timeout{100};
};

/// One session. No call blocks past its deadline. Not thread-safe.
class Connection {
 public:
  /// Connects, or says why not. `interrupt` ends every wait of this session when it is raised, and must
  /// outlive it. `database` replaces the one of the settings, unless empty.
  static std::expected<Connection, Error> open(const ConnectionSettings& settings,
                                               const Interrupt& interrupt,
                                               Deadline deadline,
                                               const std::string& database = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Runs `sql` (one statement that reads) in a transaction of its own, in one round trip. The server is told
  /// to give up (statement_timeout) a little before the deadline. When it does not answer, the query is
  /// cancelled and drained, and when that fails too the connection is dropped: usable() then says so.
  std::expected<void, Error> query(std::string_view sql,
                                   const Manners& manners,
                                   Deadline deadline,
                                   RowHandler& rows);

  bool usable() const { return conn_ != nullptr; }
  /// Whether the server was in recovery when it began the last query: a promotion shows here first.
  std::optional<bool> in_recovery() const;
  int backend_pid() const;
  /// Where the server was reached: "127.0.0.1:5432", or "localhost:5432" over a Unix socket.
  std::string endpoint() const;

 private:
  class Session;
  explicit Connection(std::unique_ptr<Session> session);
  std::unique_ptr<Session> conn_;
};

}  // namespace pgvigil::postgres
