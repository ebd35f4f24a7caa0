#include "collectors/postgres/server_error.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace pgvigil::postgres {
namespace {

constexpr std::array<std::pair<std::string_view, ErrorKind>, 14> k_kinds{{
    {"28", ErrorKind::authentication},
    {"53300", ErrorKind::too_many_connections},
    {"57014", ErrorKind::cancelled},
    {"57P01", ErrorKind::not_accepting},
    {"57P02", ErrorKind::not_accepting},
    {"57P03", ErrorKind::not_accepting},
    {"55P03", ErrorKind::lock_timeout},
    {"42501", ErrorKind::permission},
    {"3D000", ErrorKind::undefined},
    {"42P01", ErrorKind::undefined},
    {"42703", ErrorKind::undefined},
    {"42704", ErrorKind::undefined},
    {"42883", ErrorKind::undefined},
    {"08", ErrorKind::connection_lost},
}};

/// Nearly all that a pooler has to say bears this SQLSTATE (protocol_violation): only the text tells what it
/// is.
constexpr std::string_view k_pooler_state = "08P01";

struct PoolerRefusal {
  std::string_view sign;  // in the message
  ErrorKind kind;
  std::string_view hint;
};

/// PgBouncer 1.12 to 1.24, first match.
constexpr std::array<PoolerRefusal, 16> k_pooler_refusals{{
    {"no more connections allowed", ErrorKind::too_many_connections, "Raise max_client_conn of the pooler."},
    {"query_wait_timeout", ErrorKind::too_many_connections,
     "No session of the pool became free in time: find what holds them, or raise pool_size."},
    {"server login has been failing", ErrorKind::unreachable,
     "The pooler answers, but cannot log in to the server."},
    {"server login failed", ErrorKind::unreachable, "The pooler answers, but cannot log in to the server."},
    {"client_login_timeout", ErrorKind::unreachable,
     "The pooler answers, but the server behind it did not in time."},
    {"connect failed", ErrorKind::unreachable, "The pooler answers, but cannot reach the server behind it."},
    {"server conn crashed", ErrorKind::connection_lost, "The pooler lost the server behind it."},
    {"no such user", ErrorKind::authentication, "Name the user in auth_file or by auth_query of the pooler."},
    {"auth", ErrorKind::authentication,
     "Check the user, its password and auth_file or auth_query of the pooler."},
    {"no such database", ErrorKind::undefined,
     "Name the database in [databases] of the pooler, or another in the DSN."},
    {"does not allow connections", ErrorKind::not_accepting, "Use ENABLE on the pooler's admin console."},
    {"shutting down", ErrorKind::not_accepting, "The pooler is being stopped."},
    {"not allowed", ErrorKind::authentication,
     "Name pgvigil's user in stats_users of the pooler, and reload it: only such users may use the console."},
    {"admin access needed", ErrorKind::permission, "Name pgvigil's user in admin_users of the pooler."},
    {"invalid command", ErrorKind::undefined, "This version of the pooler does not have the command."},
    {"unsupported startup parameter", ErrorKind::configuration,
     "Add the parameter to ignore_startup_parameters of the pooler, or leave it out of the DSN."},
}};

std::string hint_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::authentication:
      return "Check the user, its password and pg_hba.conf.";
    case ErrorKind::too_many_connections:
      return "Raise max_connections, or from version 16 on grant pg_use_reserved_connections to pgvigil's "
             "role.";
    case ErrorKind::permission:
      return "Grant pg_monitor to pgvigil's role.";
    case ErrorKind::unreachable:
      return "Check that the server runs and that host and port are right.";
    default:
      return {};
  }
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return std::isdigit(static_cast<unsigned char>(c)) || (c >= 'A' && c <= 'Z');
         });
}

/// "FATAL:  53300: sorry, too many clients already" in one line of a verbose message: its state and its text.
std::pair<std::string_view, std::string_view> split_verbose(std::string_view line) {
  const std::size_t state = line.find(":  ");
  if (state == std::string_view::npos) return {};
  const std::string_view rest = line.substr(state + 3);
  if (rest.size() < 7 || rest.substr(5, 2) != ": " || !is_sqlstate(rest.substr(0, 5))) return {};
  return {rest.substr(0, 5), rest.substr(7)};
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && (std::isspace(static_cast<unsigned char>(text.back())) || text.back() == '.'))
    text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

Error server_error(std::string_view sqlstate, std::string_view message, std::string_view hint) {
  Error error{kind_of_sqlstate(sqlstate), trimmed(message) + " (SQLSTATE " + std::string(sqlstate) + ")"};
  error.hint = hint_for(error.kind);
  if (sqlstate == k_pooler_state) {
    const auto refusal = std::ranges::find_if(k_pooler_refusals, [&](const auto& known) {
      return message.find(known.sign) != std::string_view::npos;
    });
    error.kind = refusal == k_pooler_refusals.end() ? ErrorKind::connection_lost : refusal->kind;
    error.hint = refusal == k_pooler_refusals.end() ? "A pooler says so: its log tells more." : refusal->hint;
  }
  if (error.hint.empty()) error.hint = hint;
  return error;
}

ErrorKind kind_of_sqlstate(std::string_view sqlstate) {
  for (const auto& [prefix, kind] : k_kinds)
    if (sqlstate.starts_with(prefix)) return kind;
  return ErrorKind::query;
}

Error error_of(const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string sqlstate = field(PG_DIAG_SQLSTATE);
  // libpq reports the loss of the connection as a result without a SQLSTATE.
  if (sqlstate.empty()) {
    std::string_view text = PQresultErrorMessage(result);
    return {ErrorKind::connection_lost, trimmed(next_line(text)), ""};
  }
  return server_error(sqlstate, field(PG_DIAG_MESSAGE_PRIMARY), field(PG_DIAG_MESSAGE_HINT));
}

Error connect_error_of(const PGconn* conn) {
  const std::string_view whole = PQerrorMessage(conn);
  for (std::string_view rest = whole; !rest.empty();) {
    const auto [sqlstate, message] = split_verbose(next_line(rest));
    if (sqlstate.empty()) continue;
    Error error = server_error(sqlstate, message, "");
    // ALLOW_CONNECTIONS is off, or a DROP DATABASE was interrupted; elsewhere the state means other things.
    if (sqlstate == "55000") error.kind = ErrorKind::not_accepting;
    return error;
  }
  const bool password = PQconnectionNeedsPassword(conn) == 1;
  const ErrorKind kind = password ? ErrorKind::authentication : ErrorKind::unreachable;
  std::string_view rest = whole;
  return {kind, trimmed(next_line(rest)), hint_for(kind)};
}

}  // namespace pgvigil::postgres
