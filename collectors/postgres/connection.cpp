#include "collectors/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include "collectors/postgres/cancel.h"
#include "collectors/postgres/certificate.h"
#include "collectors/postgres/libpq.h"
#include "collectors/postgres/password.h"
#include "collectors/postgres/server_error.h"

namespace pgvigil::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long a cancelled query may take to end before the connection is given up.
constexpr milliseconds k_drain_grace{500};

/// Waits until the session's socket is ready for `events`: an error when the deadline or the interrupt comes
/// first.
std::expected<void, Error> wait_for(const PGconn* conn,
                                    short events,
                                    const Interrupt& interrupt,
                                    Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds::zero())
      return std::unexpected(Error{ErrorKind::timed_out, "the server did not answer by the deadline",
                                   "The server may be frozen, overloaded or cut off."});
    std::array<pollfd, 2> sockets{{{PQsocket(conn), events, 0}, {interrupt.descriptor(), POLLIN, 0}}};
    const auto patience = std::min<milliseconds>(left, milliseconds{60'000}).count();
    if (poll(sockets.data(), sockets.size(), static_cast<int>(patience)) <= 0) continue;
    if (sockets[1].revents != 0) return std::unexpected(Error{ErrorKind::interrupted, "pgvigil is stopping"});
    return {};
  }
}

/// A row of a libpq result.
class ResultRow final : public Row {
 public:
  ResultRow(const PGresult* result, int row) : result_(result), row_(row) {}
  std::optional<std::string_view> text(std::size_t column) const override {
    const int field = static_cast<int>(column);
    if (PQgetisnull(result_, row_, field) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_, row_, field),
                            static_cast<std::size_t>(PQgetlength(result_, row_, field)));
  }

 private:
  const PGresult* result_;
  int row_;
};

Error lost(const PGconn* conn) {
  const std::string_view text = PQerrorMessage(conn);
  return {ErrorKind::connection_lost, std::string(text.substr(0, text.find('\n'))), ""};
}

/// The database that the settings prefer to libpq's choice (the user's name): empty when one is named
/// elsewhere.
std::string missing_database(const ConnectionSettings& settings) {
  if (settings.default_database.empty() || std::getenv("PGDATABASE") != nullptr) return {};
  const std::string& dsn = settings.dsn.reveal();
  const std::unique_ptr<PQconninfoOption, Release<PQconninfoFree>> options(
      PQconninfoParse(dsn.c_str(), nullptr));
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option)
    if (std::string_view(option->keyword) == "dbname" && option->val != nullptr) return {};
  return settings.default_database;
}

/// What goes before the query, in the same message: one round trip. Statements of one message are one
/// transaction, so that what is set ends with it, behind a pooler in transaction mode as well (start-up
/// options would be refused there). The server analyses each statement after it has run the one before: the
/// query already finds its names by our search_path, and its time is limited by our statement_timeout. One
/// statement sets everything, and it always reads the same to pg_stat_statements: a SET for each setting
/// would be told apart by its value.
std::string prelude(const PGconn* conn, const Manners& manners, milliseconds statement_timeout) {
  std::string text =
      "SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY;SELECT pg_catalog.pg_is_in_recovery()";
  const auto set = [&](std::string_view name, std::string_view value) {
    text += ",pg_catalog.set_config('";
    text += name;
    text += "','";
    text += value;
    text += "',true)";
  };
  set("search_path", "pg_catalog");
  set("statement_timeout", std::to_string(statement_timeout.count()));
  set("lock_timeout", std::to_string(manners.lock_timeout.count()));
  set("max_parallel_workers_per_gather", "0");
  set("jit", "off");
  set("datestyle", "iso");
  set("extra_float_digits", "1");
  set("bytea_output", "hex");
  // Such a database promises no encoding, and the server refuses to hand its text out as UTF-8: take the
  // bytes.
  const char* encoding = PQparameterStatus(conn, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) == "SQL_ASCII") set("client_encoding", "SQL_ASCII");
  return text + ";";
}

}  // namespace

/// The libpq session and the steps of a query on it.
class Connection::Session {
 public:
  Session(PgConnection conn, Manner manner, const Interrupt& interrupt)
      : conn_(std::move(conn)), manner_(manner), interrupt_(interrupt) {}
  PGconn* get() const { return conn_.get(); }
  Manner manner() const { return manner_; }
  std::optional<bool> in_recovery() const { return in_recovery_; }

  std::expected<void, Error> send(const std::string& text, Deadline deadline) {
    if (PQsendQuery(get(), text.c_str()) == 0) return std::unexpected(lost(get()));
    PQsetSingleRowMode(get());
    for (;;) {
      const int state = PQflush(get());
      if (state == 0) return {};
      if (state < 0) return std::unexpected(lost(get()));
      if (auto ready = wait_for(get(), POLLOUT | POLLIN, interrupt_, deadline); !ready) return ready;
      if (PQconsumeInput(get()) == 0) return std::unexpected(lost(get()));
    }
  }

  /// The next result; an empty one at the end.
  std::expected<PgResult, Error> next_result(Deadline deadline) {
    while (PQisBusy(get()) == 1) {
      if (auto ready = wait_for(get(), POLLIN, interrupt_, deadline); !ready)
        return std::unexpected(ready.error());
      if (PQconsumeInput(get()) == 0) return std::unexpected(lost(get()));
    }
    return PgResult(PQgetResult(get()));
  }

  /// Reads every result, those of the prelude first. The first error that the server reports is returned when
  /// all was read.
  std::expected<void, Error> read_all(Deadline deadline, RowHandler* rows) {
    std::expected<void, Error> outcome;
    bool in_prelude = manner_ == Manner::sql;
    bool begun = false;
    for (;;) {
      auto result = next_result(deadline);
      if (!result) return std::unexpected(outcome ? result.error() : outcome.error());
      if (!*result) return outcome;
      const ExecStatusType status = PQresultStatus(result->get());
      if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
        if (outcome) outcome = std::unexpected(error_of(result->get()));
        continue;
      }
      // A statement's rows come one by one, and after them a result without any.
      if ((status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) || rows == nullptr || !outcome)
        continue;
      if (in_prelude) {
        if (PQntuples(result->get()) > 0) in_recovery_ = *PQgetvalue(result->get(), 0, 0) == 't';
        in_prelude = status == PGRES_SINGLE_TUPLE;
        continue;
      }
      if (!begun) outcome = begin_rows(*result->get(), *rows);
      begun = true;
      const int count = outcome ? PQntuples(result->get()) : 0;
      for (int row = 0; row < count; ++row)
        rows->row(ResultRow(result->get(), row));
    }
  }

  /// Ends a transaction that an error left open. False when the session cannot be trusted any more.
  bool end_transaction(Deadline deadline) {
    if (PQstatus(get()) != CONNECTION_OK) return false;
    if (PQtransactionStatus(get()) == PQTRANS_IDLE) return true;
    return send("ROLLBACK", deadline) && read_all(deadline, nullptr) &&
           PQtransactionStatus(get()) == PQTRANS_IDLE;
  }

  /// Cancels what runs and reads to its end. False when the server does not answer to that either.
  bool cancel_and_drain() {
    if (PQstatus(get()) != CONNECTION_OK) return false;
    send_cancel(get(), std::chrono::seconds{1});
    const Deadline grace = steady_clock::now() + k_drain_grace;
    while (PQtransactionStatus(get()) == PQTRANS_ACTIVE) {
      const auto drained = read_all(grace, nullptr);
      if (!drained && !server_answered(drained.error().kind)) return false;
    }
    return end_transaction(grace);
  }

 private:
  static std::expected<void, Error> begin_rows(const PGresult& result, RowHandler& rows) {
    std::vector<std::string_view> columns;
    for (int field = 0; field < PQnfields(&result); ++field)
      columns.emplace_back(PQfname(&result, field));
    return rows.begin(columns);
  }

  PgConnection conn_;
  Manner manner_;
  const Interrupt& interrupt_;
  std::optional<bool> in_recovery_;  // as the last prelude told
};

Connection::Connection(std::unique_ptr<Session> session) : conn_(std::move(session)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

std::expected<Connection, Error> Connection::open(const ConnectionSettings& settings,
                                                  const Interrupt& interrupt,
                                                  Deadline deadline,
                                                  const std::string& database) {
  const auto credentials = read_credentials(settings);
  if (!credentials) return std::unexpected(credentials.error());

  // What stands before "dbname" is a default that the DSN may change, what stands after it is ours.
  std::vector<const char*> keys = {"gssencmode", "dbname", "client_encoding", "application_name"};
  std::vector<const char*> values = {"disable", settings.dsn.reveal().c_str(), "UTF8", "pgvigil"};
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    keys.push_back(key);
    values.push_back(value.c_str());
  };
  add("user", credentials->user);
  add("password", credentials->password.reveal());
  const std::string chosen = database.empty() ? missing_database(settings) : database;
  add("dbname", chosen);
  keys.push_back(nullptr);
  values.push_back(nullptr);

  PgConnection conn(PQconnectStartParams(keys.data(), values.data(), 1));
  if (!conn) return std::unexpected(Error{ErrorKind::internal, "out of memory for a connection"});
  PQsetErrorVerbosity(conn.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      conn.get(), [](void*, const char*) {}, nullptr);

  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED || PQstatus(conn.get()) == CONNECTION_BAD)
      return std::unexpected(connect_error_of(conn.get()));
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (auto ready = wait_for(conn.get(), events, interrupt, deadline); !ready)
      return std::unexpected(ready.error());
    state = PQconnectPoll(conn.get());
  }
  PQsetnonblocking(conn.get(), 1);
  return Connection(std::make_unique<Session>(std::move(conn), settings.manner, interrupt));
}

std::expected<void, Error> Connection::query(std::string_view sql,
                                             const Manners& manners,
                                             Deadline deadline,
                                             RowHandler& rows) {
  if (!usable()) return std::unexpected(Error{ErrorKind::connection_lost, "the connection was dropped"});
  const auto left = std::chrono::floor<milliseconds>(deadline - steady_clock::now());
  // The server gives up first: then the session lives on, and nothing runs there that nobody waits for.
  const milliseconds statement_timeout = std::max(milliseconds{1}, left * 4 / 5);

  const bool console = conn_->manner() == Manner::console;
  const std::string before = console ? "" : prelude(conn_->get(), manners, statement_timeout);
  auto outcome = conn_->send(before + std::string(sql), deadline);
  if (outcome) outcome = conn_->read_all(deadline, &rows);

  const bool unanswered = !outcome && (outcome.error().kind == ErrorKind::timed_out ||
                                       outcome.error().kind == ErrorKind::interrupted);
  // A console cannot be cancelled: it is left.
  const bool healthy = unanswered ? !console && conn_->cancel_and_drain() : conn_->end_transaction(deadline);
  const bool going_down = !outcome && outcome.error().kind == ErrorKind::not_accepting;
  if (!healthy || going_down) conn_.reset();
  return outcome;
}

std::optional<bool> Connection::in_recovery() const {
  return usable() ? conn_->in_recovery() : std::nullopt;
}

int Connection::backend_pid() const {
  return usable() ? PQbackendPID(conn_->get()) : 0;
}

std::string Connection::user() const {
  return usable() ? PQuser(conn_->get()) : "";
}

std::string Connection::database() const {
  return usable() ? PQdb(conn_->get()) : "";
}

std::string Connection::endpoint() const {
  if (!usable()) return {};
  const std::string host = PQhost(conn_->get());
  const bool by_socket = host.empty() || host.front() == '/' || host.front() == '@';
  return (by_socket ? "localhost" : host) + ":" + PQport(conn_->get());
}

std::optional<Timestamp> Connection::certificates_end() const {
  return usable() ? certificates_not_after(conn_->get()) : std::nullopt;
}

}  // namespace pgvigil::postgres
