#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "collectors/model/error.h"
#include "collectors/model/units.h"
#include "collectors/model/unix_time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pgvigil::agent {

/// What stands for a `?` of a statement. NaN is stored as NULL, which SQLite makes of it.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, double, std::string_view>;
using SqlValues = std::initializer_list<SqlValue>;

/// A time as it is stored (see unix_milliseconds()).
Timestamp from_unix_milliseconds(std::int64_t milliseconds);

/// One row of a result, valid only during the call that it is handed to. Columns count from 0.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;  ///< NaN for NULL
  std::string_view text(int column) const;
  Timestamp time(int column) const { return from_unix_milliseconds(integer(column)); }

 private:
  sqlite3_stmt* statement_;
};

/// One connection to a SQLite file. Statements are prepared once, by their text: let it be constant. Errors
/// are of the kind `storage` and name the file. Not thread-safe.
class Database {
 public:
  /// Opens the file, or creates it; ":memory:" is one that ends with the connection.
  static std::expected<Database, Error> open(const std::string& path);

  /// Executes one statement that gives no rows.
  std::expected<void, Error> run(std::string_view sql, SqlValues values = {});
  /// Calls `visit` with each row.
  std::expected<void, Error> query(std::string_view sql,
                                   SqlValues values,
                                   const std::function<void(const SqlRow&)>& visit);
  /// Executes statements that stand one after the other, with nothing to fill in.
  std::expected<void, Error> script(std::string_view sql);
  /// The key of the row that was inserted last.
  std::int64_t last_id() const;
  /// Rows that the last statement changed.
  std::int64_t changed() const;
  /// Whether the last failure says that the file is no SQLite file, or a damaged one.
  bool is_damaged() const { return damaged_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  Database(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}
  std::expected<sqlite3_stmt*, Error> prepared(std::string_view sql);
  Error failure(int code);

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Statement, std::less<>> statements_;  // end before the connection
  bool damaged_ = false;
};

}  // namespace pgvigil::agent
