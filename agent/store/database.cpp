#include "agent/store/database.h"

#include <sqlite3.h>

#include <limits>
#include <utility>

namespace pgvigil::agent {
namespace {

using std::chrono::milliseconds;

/// Another process looks into the file now and then; whoever writes waits for it.
constexpr int k_busy_milliseconds = 2'000;

/// Ready for the next use, whatever comes between.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int place, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, place, *integer);
  if (const auto* real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, place, *real);
  // The text outlives the statement's run: it need not be copied.
  if (const auto* text = std::get_if<std::string_view>(&value))
    return sqlite3_bind_text64(statement, place, text->data() == nullptr ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  return sqlite3_bind_null(statement, place);
}

int bind_all(sqlite3_stmt* statement, SqlValues values) {
  int place = 0;
  for (const SqlValue& value : values)
    if (const int code = bind(statement, ++place, value); code != SQLITE_OK) return code;
  return SQLITE_OK;
}

}  // namespace

Timestamp from_unix_milliseconds(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

bool SqlRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t SqlRow::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqlRow::real(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_, column);
}

std::string_view SqlRow::text(int column) const {
  const void* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {static_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

std::expected<Database, Error> Database::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(path, handle);
  if (code != SQLITE_OK) return std::unexpected(database.failure(code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, k_busy_milliseconds);
  return database;
}

Error Database::failure(int code) {
  const int primary = code & 0xff;
  damaged_ = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  const char* words = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  return {ErrorKind::storage, "store '" + path_ + "': " + words};
}

std::expected<sqlite3_stmt*, Error> Database::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(failure(code));
  return statements_.emplace(sql, Statement(statement)).first->second.get();
}

std::expected<void, Error> Database::run(std::string_view sql, SqlValues values) {
  return query(sql, values, [](const SqlRow&) {});
}

std::expected<void, Error> Database::query(std::string_view sql,
                                           SqlValues values,
                                           const std::function<void(const SqlRow&)>& visit) {
  const auto statement = prepared(sql);
  if (!statement) return std::unexpected(statement.error());
  const Reset reset(*statement);
  if (const int code = bind_all(*statement, values); code != SQLITE_OK) return std::unexpected(failure(code));
  for (;;) {
    const int code = sqlite3_step(*statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return std::unexpected(failure(code));
    visit(SqlRow(*statement));
  }
}

std::expected<void, Error> Database::script(std::string_view sql) {
  const int code = sqlite3_exec(database_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(failure(code));
  return {};
}

std::int64_t Database::last_id() const {
  return sqlite3_last_insert_rowid(database_.get());
}

std::int64_t Database::changed() const {
  return sqlite3_changes64(database_.get());
}

}  // namespace pgvigil::agent
