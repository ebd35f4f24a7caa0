#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/model/error.h"
#include "collectors/model/row.h"
#include "collectors/model/units.h"
#include "collectors/postgres/connection_settings.h"
#include "collectors/postgres/interrupt.h"

namespace pgvigil::postgres {

using pgvigil::Row;
using pgvigil::RowHandler;

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

  /// Runs `sql` (one statement that reads) in a transaction of its own, in one round trip; on a console (see
  /// ConnectionSettings) as it stands. The server is told
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
  /// Who we are there, and in which database.
  std::string user() const;
  std::string database() const;
  /// Where the server was reached: "127.0.0.1:5432", or "localhost:5432" over a Unix socket.
  std::string endpoint() const;
  /// When the certificates end that the server showed (see certificates_not_after()); nothing without TLS.
  std::optional<Timestamp> certificates_end() const;

 private:
  class Session;
  explicit Connection(std::unique_ptr<Session> session);
  std::unique_ptr<Session> conn_;
};

}  // namespace pgvigil::postgres
